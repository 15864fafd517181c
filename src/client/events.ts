import { createParser } from "eventsource-parser";
import { backoffMs } from "../core/backoff.ts";
import { isTerminal } from "../core/deletion.ts";
import { LIMITS } from "../core/limits.ts";
import type { DeletionJson } from "../http/schema/index.ts";
import { deletionPath } from "./addresses.ts";
import { strangeAnswer, unreachable } from "./error.ts";
import { textOf } from "./lines.ts";
import { jitterBytes, pause } from "./timing.ts";
import type { CallOptions, Transport } from "./transport.ts";

/** A state of affairs of a deletion. */
export interface DeletionEvent {
  readonly event: "progress" | "state" | "blocked" | "completed";
  /** Names this state of affairs: following from it on tells only what came after. */
  readonly id: string;
  /** The whole deletion as it stood. */
  readonly deletion: DeletionJson;
}

/** From where a deletion is followed. */
export interface FollowOptions extends CallOptions {
  /** The `id` of the last event that is known already. */
  readonly lastEventId?: string | undefined;
}

/** Follows a deletion over as many connections as it takes. */
export async function* followDeletion(
  transport: Transport,
  id: string,
  options: FollowOptions,
): AsyncGenerator<DeletionEvent, void, undefined> {
  const signal = transport.signalOf(options);
  let { lastEventId } = options;
  let broken = 0;
  for (;;) {
    const connection = new AbortController();
    try {
      const response = await transport.send({
        path: `${deletionPath(id)}/events`,
        headers: { accept: "text/event-stream", "last-event-id": lastEventId },
        signal: signal ? AbortSignal.any([signal, connection.signal]) : connection.signal,
      });
      // Ended, and nothing is left to tell.
      if (response.status === 204) return;
      if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
        throw strangeAnswer(response);
      }
      for await (const event of eventsOf(response)) {
        broken = 0;
        lastEventId = event.id;
        yield event;
        if (isTerminal(event.deletion.state)) return;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof BrokenStream)) throw error;
    } finally {
      connection.abort();
    }
    // The service closes, or something between has had enough of the connection.
    if (++broken >= LIMITS.clientAttemptsMax) {
      throw unreachable(new URL(transport.url), new Error("its events break off"));
    }
    await pause(backoffMs(broken, jitterBytes()), signal);
    signal?.throwIfAborted();
  }
}

/** A connection that ended in the midst; what the consumer of events throws is never taken for it. */
class BrokenStream extends Error {
  override readonly name = "BrokenStream" as const;
}

async function* eventsOf(response: Response): AsyncGenerator<DeletionEvent, void, undefined> {
  const ready: DeletionEvent[] = [];
  const parser = createParser({
    onEvent: ({ event = "progress", id = "", data }) => {
      const name = event as DeletionEvent["event"];
      ready.push({ event: name, id, deletion: JSON.parse(data) as DeletionJson });
    },
  });
  const chunks = textOf(response);
  for (;;) {
    const text = await nextOf(chunks);
    if (text === null) return;
    parser.feed(text);
    yield* ready.splice(0);
  }
}

/** The next text, null at the end. The service shows every few seconds that it is alive. */
async function nextOf(chunks: AsyncGenerator<string, void, undefined>): Promise<string | null> {
  const over = new AbortController();
  const silence = pause(LIMITS.clientEventSilenceMs, over.signal).then(() => "silence" as const);
  try {
    const next = await Promise.race([chunks.next(), silence]);
    if (next === "silence") throw new BrokenStream("nothing comes any more");
    return next.done === true ? null : next.value;
  } catch (cause) {
    throw cause instanceof BrokenStream ? cause : new BrokenStream("broken off", { cause });
  } finally {
    over.abort();
  }
}

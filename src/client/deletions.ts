import { isTerminal } from "../core/deletion.ts";
import { LIMITS } from "../core/limits.ts";
import type { DeletionJson, ResidueJson } from "../http/schema/index.ts";
import { deletionPath } from "./addresses.ts";
import { type DeletionEvent, followDeletion, type FollowOptions } from "./events.ts";
import { linesOf } from "./lines.ts";
import { type Page, type PageOptions, readAll, readPage } from "./pages.ts";
import { pause } from "./timing.ts";
import type { CallOptions, Query, Transport } from "./transport.ts";

/** Which deletions a list has. */
export interface DeletionFilter {
  readonly state?: DeletionJson["state"] | undefined;
  readonly projectId?: string | undefined;
}

/** How the end of a deletion is waited for. */
export interface DeletionWaitOptions extends CallOptions {
  /** Milliseconds; five minutes by default. */
  readonly waitMs?: number | undefined;
  /** Called with each state of affairs that is seen. */
  readonly onEvent?: ((event: DeletionEvent) => void) | undefined;
  /** The `blocked` that `retry` answered: it stood before, and tells nothing about the retry. */
  readonly ignoreBlock?: DeletionJson["blocked"] | undefined;
}

/** Deletions under way and completed. */
export class Deletions {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** @throws ExpungeClientError `deletion-not-found` */
  async get(id: string, options: CallOptions = {}): Promise<DeletionJson> {
    return await this.#transport.json({ ...options, path: deletionPath(id) });
  }

  /** One page of deletions, the newest first. */
  async list(options: DeletionFilter & PageOptions = {}): Promise<Page<DeletionJson>> {
    return await readPage(this.#transport, "/v1/deletions", options, filterOf(options));
  }

  /** All deletions, page by page as they are taken. */
  all(options: DeletionFilter & CallOptions = {}): AsyncGenerator<DeletionJson, void, undefined> {
    return readAll(this.#transport, "/v1/deletions", options, filterOf(options));
  }

  /**
   * How a deletion stands now and every change that follows, each with the whole deletion, until it is
   * completed or undone. A connection that breaks is taken up again without repeats; a blocked deletion
   * is followed on.
   * @throws ExpungeClientError `deletion-not-found`, or `service-unreachable` after several attempts in
   *   a row
   */
  follow(id: string, options: FollowOptions = {}): AsyncGenerator<DeletionEvent, void, undefined> {
    return followDeletion(this.#transport, id, options);
  }

  /**
   * Waits until a deletion is completed, undone or blocked, or the time is over, and answers how it
   * stands then: look at its `state` and `blocked`.
   * @throws ExpungeClientError `deletion-not-found`, `service-unreachable`
   */
  async wait(id: string, options: DeletionWaitOptions = {}): Promise<DeletionJson> {
    const timeUp = new AbortController();
    const caller = this.#transport.signalOf(options);
    const signal = caller ? AbortSignal.any([caller, timeUp.signal]) : timeUp.signal;
    const ended = new AbortController();
    void pause(options.waitMs ?? LIMITS.clientWaitDefaultMs, ended.signal).then(() =>
      timeUp.abort(),
    );
    try {
      for await (const event of this.follow(id, { signal })) {
        const { deletion } = event;
        options.onEvent?.(event);
        if (isTerminal(deletion.state)) return deletion;
        const { blocked } = deletion;
        if (blocked && blocked.nextRetryAt !== options.ignoreBlock?.nextRetryAt) return deletion;
      }
    } catch (error) {
      caller?.throwIfAborted();
      if (!timeUp.signal.aborted) throw error;
    } finally {
      ended.abort();
    }
    return await this.get(id, { signal: options.signal });
  }

  /** All keys that could not be removed or checked, as they arrive. */
  async *residue(
    id: string,
    options: CallOptions = {},
  ): AsyncGenerator<ResidueJson, void, undefined> {
    const path = `${deletionPath(id)}/residue`;
    const response = await this.#transport.send({ ...options, path });
    for await (const line of linesOf(response)) yield JSON.parse(line) as ResidueJson;
  }

  /** Tries a blocked deletion again now; it is answered as it stands, and not waited for. */
  async retry(id: string, options: CallOptions = {}): Promise<DeletionJson> {
    const path = `${deletionPath(id)}/retry`;
    return await this.#transport.json({ ...options, method: "POST", path, isIdempotent: true });
  }
}

function filterOf({ state, projectId }: DeletionFilter): Query {
  return { state, projectId };
}

import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { LIMITS } from "../core/limits.ts";
import type { RouteDeps } from "./deps.ts";
import { HttpError } from "./problem.ts";

/**
 * A body as it arrives, nothing parsed and nothing held: reading it slowly slows the sender down. One
 * of which nothing more arrives for `httpBodyIdleMs` ends with HttpError `request-timeout`.
 */
export function bodyOfRequest({ raw }: FastifyRequest): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => {
      // Who stops reading must not take the connection down, on which the answer is still to be sent.
      const chunks: AsyncIterator<Uint8Array> = raw.iterator({ destroyOnReturn: false });
      let waiting: ((error: Error) => void) | null = null;
      // With a listener here, Node leaves the socket open, so that there can be an answer.
      raw.on("timeout", () => {
        // Who is not waited for is not late: the store is slow, and the time begins anew.
        if (waiting === null) raw.socket.setTimeout(LIMITS.httpBodyIdleMs);
        else waiting(new HttpError("request-timeout", "The body stopped arriving."));
      });
      return {
        next: () =>
          new Promise((resolve, reject) => {
            waiting = reject;
            chunks
              .next()
              .then(resolve, reject)
              .finally(() => (waiting = null));
          }),
        // Letting go of a body that hangs must not hang as well, so it is not waited for.
        return: async () => {
          chunks.return?.().catch(() => undefined);
          return { done: true, value: undefined };
        },
      };
    },
  };
}

/** The size that was announced: null for a body that comes in chunks. */
export function announcedBytes(request: FastifyRequest): number | null {
  const length = request.headers["content-length"];
  if (length !== undefined) return Number(length);
  return request.headers["transfer-encoding"] === undefined ? 0 : null;
}

/** Aborts when the caller goes away before it has the whole answer. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

/**
 * A stream of an answer that has begun: what goes wrong now can be shown only by breaking the answer
 * off, and is in the log (I12).
 */
export function answerStream(
  deps: RouteDeps,
  request: FastifyRequest,
  chunks: AsyncIterable<Uint8Array | string>,
): Readable {
  const stream = Readable.from(chunks, { objectMode: false });
  stream.once("error", (error) => {
    const fields = { requestId: request.id, route: request.routeOptions.url ?? null, err: error };
    if (request.raw.socket?.destroyed) deps.log.info(fields, "caller went away during the answer");
    else deps.log.error(fields, "answer broken off");
  });
  return stream;
}

export const JSON_LINES = "application/x-ndjson";

/** Newline-delimited JSON. */
export async function* jsonLines(items: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const item of items) yield `${JSON.stringify(item)}\n`;
}

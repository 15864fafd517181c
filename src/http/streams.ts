import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { RouteDeps } from "./deps.ts";

/** A body as it arrives, nothing parsed and nothing held: reading it slowly slows the sender down. */
export function bodyOfRequest(request: FastifyRequest): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => {
      // Who stops reading must not take the connection down, on which the answer is still to be sent.
      const chunks = request.raw.iterator({ destroyOnReturn: false });
      return {
        next: () => chunks.next(),
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

/** Newline-delimited JSON. */
export async function* jsonLines(items: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const item of items) yield `${JSON.stringify(item)}\n`;
}

import type { FastifyInstance, FastifyRequest } from "fastify";
import { ExpungeError } from "../core/errors.ts";
import { fromUtf8 } from "../core/encoding.ts";
import { LIMITS } from "../core/limits.ts";
import type { RouteDeps } from "./deps.ts";
import { HttpError } from "./problem.ts";
import { bodyOfRequest } from "./streams.ts";

/**
 * JSON is the only body that is parsed; one that is announced and empty is taken for none. It arrives
 * whole within `httpJsonBodyTimeoutMs`, in UTF-8 (RFC 8259), without texts that no database holds as
 * they are, and no deeper than `jsonDepthMax`: what goes down it after this may recurse.
 */
export function parseJson(app: FastifyInstance, deps: RouteDeps): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", async (request: FastifyRequest) => {
    const bytes = await readInTime(deps, request);
    if (bytes.length === 0) return undefined;
    const text = textOf(bytes);
    const value = await new Promise<unknown>((resolve, reject) => {
      void parse(request, text, (error, parsed) => (error ? reject(error) : resolve(parsed)));
    });
    refuseOddities(value);
    return value;
  });
}

async function readInTime(deps: RouteDeps, request: FastifyRequest): Promise<Buffer> {
  const ended = new AbortController();
  const late = deps.clock.sleep(LIMITS.httpJsonBodyTimeoutMs, ended.signal).then((): never => {
    throw new HttpError("request-timeout", "The body did not arrive in time.");
  });
  try {
    return await Promise.race([readWhole(request), late]);
  } finally {
    ended.abort();
  }
}

async function readWhole(request: FastifyRequest): Promise<Buffer> {
  const announced = Number(request.headers["content-length"] ?? 0);
  const chunks: Uint8Array[] = [];
  let lengthBytes = 0;
  if (announced > LIMITS.bodyBytesMax) throw tooLarge();
  for await (const chunk of bodyOfRequest(request)) {
    lengthBytes += chunk.length;
    if (lengthBytes > LIMITS.bodyBytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, lengthBytes);
}

function tooLarge(): HttpError {
  return new HttpError("request-too-large", "The body is larger than this call takes.");
}

function textOf(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch {
    throw new ExpungeError("invalid-request", "The body is not valid JSON: it is not UTF-8.");
  }
}

/** Level by level, for recursion is what the depth is bounded against. */
function refuseOddities(value: unknown): void {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > LIMITS.jsonDepthMax) {
      const message = `The body is nested deeper than ${LIMITS.jsonDepthMax} levels.`;
      throw new ExpungeError("invalid-request", message);
    }
    for (const one of level) {
      const texts = typeof one === "string" ? [one] : isObject(one) ? Object.keys(one) : [];
      if (texts.every((text) => text.isWellFormed())) continue;
      throw new ExpungeError("invalid-request", "A text in the body has half a surrogate pair.");
    }
    level = level.filter(isObject).flatMap((one): unknown[] => Object.values(one));
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

import type { FastifyReply, FastifyRequest } from "fastify";
import type { Readable } from "node:stream";
import type { FileRow } from "../core/model.ts";
import type { RouteDeps } from "./deps.ts";
import { contentDisposition } from "./disposition.ts";
import { isUnchanged, quoteEtag, rangeApplies } from "./preconditions.ts";
import { rangeOf } from "./ranges.ts";
import { answerStream, goneSignal } from "./streams.ts";

/**
 * Answers a file's bytes, or the range that was asked for, or that the caller has them already. What
 * people stored is never run in our name: it is an attachment in a sandbox, of the type it was given
 * and no other (nosniff).
 */
export async function answerFile(
  deps: RouteDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  file: FileRow,
  disposition: "attachment" | "inline" | undefined,
): Promise<Readable | undefined> {
  reply.headers({
    etag: quoteEtag(file.etag),
    "last-modified": new Date(file.updatedAt).toUTCString(),
    "accept-ranges": "bytes",
    "cache-control": "private, no-cache",
    "content-security-policy": "sandbox; default-src 'none'",
  });
  if (isUnchanged(request.headers, file)) return reply.code(304).send();
  const wished = rangeApplies(request.headers, file) ? request.headers.range : undefined;
  // A range of a HEAD means nothing (RFC 9110 section 14.2).
  const range = request.method === "GET" ? rangeOf(wished, file.sizeBytes) : null;
  const lengthBytes = range ? range.end - range.start + 1 : file.sizeBytes;
  reply.headers({
    "content-type": file.contentType,
    "content-length": String(lengthBytes),
    "content-disposition": contentDisposition(file.path, file.contentType, disposition),
  });
  if (file.sha256 !== null) reply.header("repr-digest", reprDigest(file.sha256));
  if (range) {
    reply.code(206);
    reply.header("content-range", `bytes ${range.start}-${range.end}/${file.sizeBytes}`);
  }
  if (request.method === "HEAD") return reply.send();
  const { body } = await deps.services.files.open(file, {
    signal: goneSignal(reply),
    ...(range ? { range } : {}),
  });
  return answerStream(deps, request, body);
}

/** RFC 9530. */
function reprDigest(sha256: string): string {
  return `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:`;
}

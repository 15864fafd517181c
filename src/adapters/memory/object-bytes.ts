import { createHash } from "node:crypto";
import type { Instant } from "../../core/model.ts";
import type { ObjectHead, SignedRequest } from "../../ports/object-store.ts";
import { badRequest } from "../object-store-checks.ts";
import type { StoredObject } from "./object-versions.ts";

/** Bytes that a body gives at once. */
const CHUNK_BYTES = 64 * 1024;

export function headOf(key: string, { bytes, ...facts }: StoredObject): ObjectHead {
  return { key, sizeBytes: bytes.length, ...facts };
}

export function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

export async function* chunksOf(
  bytes: Uint8Array,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    signal?.throwIfAborted();
    yield bytes.slice(at, at + CHUNK_BYTES);
  }
}

/** What looks like a signed URL; nothing answers it. @throws StoreError `bad-request` */
export function pretendedUrl(
  key: string,
  parameters: Readonly<Record<string, string>>,
  now: Instant,
  expiresInMs: number,
  headers: SignedRequest["headers"],
): SignedRequest {
  if (expiresInMs <= 0) throw badRequest("A URL must expire in the future.");
  const query = new URLSearchParams({ ...parameters, expires: String(now + expiresInMs) });
  return { url: `memory://memory/${encodeURIComponent(key)}?${query.toString()}`, headers };
}

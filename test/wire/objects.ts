import { createHash } from "node:crypto";
import type { ByteRange, ObjectHead } from "../../src/ports/object-store.ts";
import type { Bucket } from "./bucket.ts";
import { WireError } from "./errors.ts";
import { bucketOf, checkOverwrite, countWrite, type Exchange, keyOf } from "./exchange.ts";
import { emptyReply, httpDate, quoted, type Reply } from "./reply.ts";

/** What S3 calls a body whose type nobody told. */
const CONTENT_TYPE = "binary/octet-stream";

export async function putObject(exchange: Exchange): Promise<Reply> {
  const bucket = bucketOf(exchange);
  const key = keyOf(exchange);
  countWrite(exchange, bucket, key);
  await checkOverwrite(exchange, bucket, key);
  const { bytes } = exchange.body;
  await bucket.store.put(key, bytes);
  bucket.spellings.set(key, exchange.request.key ?? key);
  const etag = createHash("md5").update(bytes).digest("hex");
  return emptyReply(200, { etag: quoted(etag), ...(await versionHeader(bucket, key)) });
}

/** The version that a write has just made. */
export async function versionHeader(bucket: Bucket, key: string): Promise<Reply["headers"]> {
  const newest = await bucket.newest(key);
  return newest === null ? {} : { "x-amz-version-id": newest.versionId };
}

/** The store shows the newest version only; others are not read here. @throws WireError */
async function checkVersion({ request }: Exchange, bucket: Bucket, key: string): Promise<void> {
  const versionId = request.query.get("versionId");
  if (versionId === undefined) return;
  const versions = await bucket.versionsOf(key);
  const found = versions.find((version) => version.versionId === versionId);
  if (!found) throw new WireError("NoSuchVersion");
  if (found.isDeleteMarker) throw new WireError("MethodNotAllowed");
  if (!found.isLatest) throw new WireError("NotImplemented");
}

async function headersOf(bucket: Bucket, head: ObjectHead): Promise<Record<string, string>> {
  return {
    "accept-ranges": "bytes",
    "content-type": head.contentType ?? CONTENT_TYPE,
    "last-modified": httpDate(head.modifiedAt),
    etag: quoted(head.etag),
    ...(await versionHeader(bucket, head.key)),
  };
}

/**
 * The range that was asked for, its end cut to the object; null for the whole. What is no range in the
 * sense of RFC 9110 is passed over, as S3 does.
 * @throws WireError `InvalidRange`
 */
function rangeOf(header: string | undefined, sizeBytes: number): ByteRange | null {
  if (header?.includes(",")) throw new WireError("NotImplemented");
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (from === "" && to === "") return null;
  if (from !== "" && to !== "" && Number(to) < Number(from)) return null;
  const last = sizeBytes - 1;
  const start = from === "" ? Math.max(0, sizeBytes - Number(to)) : Number(from);
  const end = from === "" || to === "" ? last : Math.min(Number(to), last);
  if (start <= end) return { start, end };
  throw new WireError("InvalidRange", undefined, {
    RangeRequested: header ?? "",
    ActualObjectSize: String(sizeBytes),
  });
}

/** Headers of the answer that the query asks for, which presigned URLs do. */
function overrides({ query }: Exchange["request"]): Record<string, string> {
  const names = [
    "content-type",
    "content-disposition",
    "content-encoding",
    "content-language",
    "cache-control",
    "expires",
  ];
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = query.get(`response-${name}`);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}

export async function getObject(exchange: Exchange): Promise<Reply> {
  const { request, fault } = exchange;
  const bucket = bucketOf(exchange);
  const key = keyOf(exchange);
  await checkVersion(exchange, bucket, key);
  const whole = await bucket.store.get(key);
  const header = fault?.ignoresRange ? undefined : request.headers.get("range");
  const range = rangeOf(header, whole.sizeBytes);
  const headers = { ...(await headersOf(bucket, whole)), ...overrides(request) };
  if (range === null) return { status: 200, headers, body: await collect(whole.body) };
  const { start, end } = range;
  const part = await bucket.store.get(key, range);
  return {
    status: 206,
    headers: { ...headers, "content-range": `bytes ${start}-${end}/${whole.sizeBytes}` },
    body: await collect(part.body),
  };
}

/** The same as GetObject without the body, whose length it tells. */
export async function headObject(exchange: Exchange): Promise<Reply> {
  return await getObject(exchange);
}

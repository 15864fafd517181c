import type { ByteRange, Part } from "../../src/ports/object-store.ts";
import type { Bucket } from "./bucket.ts";
import { WireError } from "./errors.ts";
import {
  bucketOf,
  checkOverwrite,
  countWrite,
  type Exchange,
  keyOf,
  storedKey,
  wholeNumber,
} from "./exchange.ts";
import { versionHeader } from "./objects.ts";
import { emptyReply, isoDate, quoted, type Reply, xmlReply } from "./reply.ts";
import { percentDecode } from "./request.ts";
import { onlyChildren, readXml, textOf } from "./xml.ts";

const PARTS_MAX = 10_000;

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function uploadIdOf({ request }: Exchange): string {
  return request.query.get("uploadId") ?? "";
}

/** @throws WireError `InvalidArgument` */
function partNumberOf({ request }: Exchange): number {
  const number = Number(request.query.get("partNumber"));
  if (Number.isInteger(number) && number >= 1 && number <= PARTS_MAX) return number;
  const message = "Part number must be an integer between 1 and 10000, inclusive";
  throw new WireError("InvalidArgument", message);
}

/** Ceph leaves the quotation marks off in documents. */
function etagText({ state }: Exchange, etag: string): string {
  return state.dialect.bareEtags ? etag : quoted(etag);
}

export async function createMultipartUpload(exchange: Exchange): Promise<Reply> {
  const bucket = bucketOf(exchange);
  const key = keyOf(exchange);
  const type = exchange.request.headers.get("content-type") ?? "binary/octet-stream";
  const uploadId = await bucket.store.createUpload(key, type);
  bucket.spellings.set(key, exchange.request.key ?? key);
  return xmlReply("InitiateMultipartUploadResult", {
    Bucket: bucket.name,
    Key: exchange.request.key ?? "",
    UploadId: uploadId,
  });
}

export async function uploadPart(exchange: Exchange): Promise<Reply> {
  const bucket = bucketOf(exchange);
  const { bytes } = exchange.body;
  const part = await bucket.store.uploadPart(
    keyOf(exchange),
    uploadIdOf(exchange),
    partNumberOf(exchange),
    { body: once(bytes), sizeBytes: bytes.length },
  );
  return emptyReply(200, { etag: quoted(part.etag) });
}

/** Bucket and key of `x-amz-copy-source`, which is percent-encoded like a path. */
function copySource({ request, state }: Exchange): { bucket: Bucket; key: string } {
  const header = (request.headers.get("x-amz-copy-source") ?? "").replace(/^\//, "");
  if (header.includes("?")) throw new WireError("NotImplemented");
  const slash = header.indexOf("/");
  if (slash < 1)
    throw new WireError("InvalidArgument", "Copy Source must mention the source bucket and key");
  const bucket = state.buckets.get(percentDecode(header.slice(0, slash)));
  if (!bucket) throw new WireError("NoSuchBucket");
  return { bucket, key: storedKey(state.dialect, percentDecode(header.slice(slash + 1))) };
}

/** A range of a copy must be there whole, unlike that of a GetObject. */
function copyRange({ request, state }: Exchange, sizeBytes: number): ByteRange {
  const header = request.headers.get("x-amz-copy-source-range");
  if (header === undefined) return { start: 0, end: sizeBytes - 1 };
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? [];
  const [start, end] = [Number(from), Number(to)];
  if (end >= start && end < sizeBytes) return { start, end };
  if (state.dialect.name === "ceph") throw new WireError("InvalidRange");
  const message = `Range specified is not valid for source object of size: ${sizeBytes}`;
  throw new WireError("InvalidArgument", message);
}

export async function uploadPartCopy(exchange: Exchange): Promise<Reply> {
  const bucket = bucketOf(exchange);
  const [key, uploadId, number] = [keyOf(exchange), uploadIdOf(exchange), partNumberOf(exchange)];
  await bucket.store.listParts(key, uploadId);
  const source = copySource(exchange);
  const whole = await source.bucket.store.get(source.key);
  const wanted = exchange.request.headers.get("x-amz-copy-source-if-match");
  if (wanted !== undefined && wanted !== quoted(whole.etag)) {
    throw new WireError("PreconditionFailed", undefined, {
      Condition: "x-amz-copy-source-if-match",
    });
  }
  const { start, end } = copyRange(exchange, whole.sizeBytes);
  const pieces: Uint8Array[] = [];
  for await (const piece of whole.body) pieces.push(piece);
  const bytes = Buffer.concat(pieces).subarray(start, end + 1);
  const part = { body: once(bytes), sizeBytes: bytes.length };
  const { etag } = await bucket.store.uploadPart(key, uploadId, number, part);
  return xmlReply("CopyPartResult", {
    ETag: etagText(exchange, etag),
    LastModified: isoDate(exchange.state.dialect, exchange.state.now()),
  });
}

export async function listParts(exchange: Exchange): Promise<Reply> {
  const { query } = exchange.request;
  const bucket = bucketOf(exchange);
  const uploadId = uploadIdOf(exchange);
  const all = await bucket.store.listParts(keyOf(exchange), uploadId);
  const after = wholeNumber(query.get("part-number-marker"), 0, PARTS_MAX);
  const limit = wholeNumber(query.get("max-parts"), 1000, 1000);
  const max = Math.min(limit, exchange.fault?.listing?.entriesMax ?? limit);
  const left = all.filter(({ partNumber }) => partNumber > after);
  const page = left.slice(0, max);
  const isTruncated = left.length > page.length;
  const { withoutToken, repeatsToken } = exchange.fault?.listing ?? {};
  const next = repeatsToken ? after : page.at(-1)?.partNumber;
  return xmlReply("ListPartsResult", {
    Bucket: bucket.name,
    Key: exchange.request.key ?? "",
    UploadId: uploadId,
    PartNumberMarker: after,
    NextPartNumberMarker: isTruncated && !withoutToken ? next : undefined,
    MaxParts: limit,
    IsTruncated: isTruncated || withoutToken === true,
    Part: page.map(({ partNumber, etag, sizeBytes }) => ({
      PartNumber: partNumber,
      LastModified: isoDate(exchange.state.dialect, exchange.state.now()),
      ETag: quoted(etag),
      Size: sizeBytes,
    })),
  });
}

/** The parts that a completion names. @throws WireError `MalformedXML` */
function readCompletion(bytes: Uint8Array): readonly { partNumber: number; etag: string }[] {
  const root = readXml(bytes);
  if (root.name !== "CompleteMultipartUpload") throw new WireError("MalformedXML");
  onlyChildren(root, "Part");
  const parts = root.children.map((part) => {
    onlyChildren(part, "PartNumber", "ETag");
    const number = textOf(part, "PartNumber") ?? "";
    const etag = textOf(part, "ETag");
    if (!/^\d{1,5}$/.test(number) || etag === undefined) throw new WireError("MalformedXML");
    return { partNumber: Number(number), etag: etag.replace(/^"(.*)"$/, "$1") };
  });
  if (parts.length === 0) throw new WireError("MalformedXML");
  return parts;
}

/** Holds what is named against what is there, in the order in which S3 finds fault. */
async function checkParts(
  { state }: Exchange,
  bucket: Bucket,
  named: readonly { partNumber: number; etag: string }[],
  held: readonly Part[],
): Promise<readonly Part[]> {
  const isOrdered = named.every(
    ({ partNumber }, i) => i === 0 || partNumber > (named[i - 1]?.partNumber ?? 0),
  );
  if (!isOrdered) throw new WireError("InvalidPartOrder");
  const parts = named.map(({ partNumber, etag }) => {
    const part = held.find((one) => one.partNumber === partNumber);
    if (part?.etag !== etag) {
      throw new WireError("InvalidPart", undefined, { PartNumber: String(partNumber) });
    }
    return part;
  });
  if (state.dialect.completesAllParts && held.length > parts.length) {
    throw new WireError("InvalidPart");
  }
  const { partBytesMin } = await bucket.store.capabilities();
  const allButLast = parts.slice(0, -1);
  if (allButLast.some(({ sizeBytes }) => sizeBytes < partBytesMin)) {
    throw new WireError("EntityTooSmall");
  }
  if (state.dialect.equalParts && new Set(allButLast.map(({ sizeBytes }) => sizeBytes)).size > 1) {
    throw new WireError("InvalidPart", "All non-trailing parts must have the same length.");
  }
  return parts;
}

export async function completeMultipartUpload(exchange: Exchange): Promise<Reply> {
  const bucket = bucketOf(exchange);
  const [key, uploadId] = [keyOf(exchange), uploadIdOf(exchange)];
  const named = readCompletion(exchange.body.bytes);
  const again = bucket.completed.get(`${key}\0${uploadId}`);
  if (again !== undefined && exchange.state.dialect.completesAgain) {
    return completed(exchange, bucket, again);
  }
  const held = await bucket.store.listParts(key, uploadId);
  const parts = await checkParts(exchange, bucket, named, held);
  countWrite(exchange, bucket, key);
  await checkOverwrite(exchange, bucket, key);
  const { etag } = await bucket.store.completeUpload(key, uploadId, parts);
  bucket.completed.set(`${key}\0${uploadId}`, etag);
  return completed(exchange, bucket, etag, await versionHeader(bucket, key));
}

function completed(
  exchange: Exchange,
  bucket: Bucket,
  etag: string,
  headers: Reply["headers"] = {},
): Reply {
  const nodes = {
    Location: `http://127.0.0.1/${bucket.name}`,
    Bucket: bucket.name,
    Key: exchange.request.key ?? "",
    ETag: etagText(exchange, etag),
  };
  return xmlReply("CompleteMultipartUploadResult", nodes, headers);
}

export async function abortMultipartUpload(exchange: Exchange): Promise<Reply> {
  await bucketOf(exchange).store.abortUpload(keyOf(exchange), uploadIdOf(exchange));
  return emptyReply(204);
}

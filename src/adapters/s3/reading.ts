import type { IncomingMessage } from "node:http";
import {
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
} from "@aws-sdk/client-s3";
import { LIMITS } from "../../core/limits.ts";
import type { ByteRange, ObjectBody, ObjectHead } from "../../ports/object-store.ts";
import { clipRange } from "../object-store-checks.ts";
import { BrokenReply } from "./failures.ts";
import { etagOf, instantOf, sizeOf } from "./keys.ts";
import type { Place } from "./place.ts";
import { readAll, SocketBody } from "./socket-body.ts";

/** @throws StoreError `no-such-key` */
export async function readHead(
  { client, keys }: Place,
  key: string,
  signal?: AbortSignal,
): Promise<ObjectHead> {
  const command = new HeadObjectCommand({ Bucket: client.bucket, Key: keys.of(key) });
  const options = signal === undefined ? {} : { abortSignal: signal };
  return await client.ask("HeadObject", options, async (call) => {
    const reply = await client.s3.send(command, call);
    return headOf(key, reply, sizeOf(reply.ContentLength));
  });
}

/** @throws StoreError `no-such-key`, `invalid-range` */
export async function readObject(
  { client, keys }: Place,
  key: string,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): Promise<ObjectBody> {
  const bucketKey = keys.of(key);
  // What is no range at all; where the object ends is for the store to say.
  if (range !== undefined) clipRange(range, Number.POSITIVE_INFINITY);
  const command = new GetObjectCommand({
    Bucket: client.bucket,
    Key: bucketKey,
    ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` }),
  });
  const options = {
    isTransfer: true,
    isStreamed: true,
    ...(signal ? { abortSignal: signal } : {}),
  };
  return await client.ask("GetObject", options, async (call) => {
    const reply = await client.s3.send(command, call);
    const message = reply.Body as IncomingMessage | undefined;
    if (message === undefined) throw new BrokenReply("an object without a body");
    try {
      const lengthBytes = sizeOf(reply.ContentLength);
      const sizeBytes = wholeSize(range, lengthBytes, reply.ContentRange);
      const head = headOf(key, reply, sizeBytes);
      const wanted = { message, lengthBytes, signal, timeouts: client.timeouts };
      // A small one is read at once: whether anybody reads it then, it keeps no socket.
      const isSmall = lengthBytes <= LIMITS.readChunkBytes;
      return { ...head, body: isSmall ? once(await readAll(wanted)) : new SocketBody(wanted) };
    } catch (error) {
      message.destroy();
      throw error;
    }
  });
}

/**
 * The size of the whole object, of a reply that holds just what was asked for.
 * @throws BrokenReply
 */
function wholeSize(
  range: ByteRange | undefined,
  lengthBytes: number,
  contentRange: string | undefined,
): number {
  if (range === undefined) {
    if (contentRange !== undefined) throw new BrokenReply("a range that was not asked for");
    return lengthBytes;
  }
  const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? "") ?? [];
  const sizeBytes = sizeOf(size === undefined ? undefined : Number(size));
  const end = Math.min(range.end, sizeBytes - 1);
  const isAsked = Number(first) === range.start && Number(last) === end;
  if (!isAsked || lengthBytes !== end - range.start + 1) {
    throw new BrokenReply("another range than was asked for");
  }
  return sizeBytes;
}

function headOf(
  key: string,
  reply: Pick<HeadObjectCommandOutput, "ETag" | "LastModified" | "ContentType">,
  sizeBytes: number,
): ObjectHead {
  const { ETag, LastModified, ContentType: contentType } = reply;
  return {
    key,
    sizeBytes,
    etag: etagOf(ETag),
    modifiedAt: instantOf(LastModified),
    ...(contentType === undefined ? {} : { contentType }),
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

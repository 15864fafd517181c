import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import {
  UploadPartCommand,
  type UploadPartCommandOutput,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { StoreError } from "../../core/store-errors.ts";
import type { CopySource, Part, PartBody } from "../../ports/object-store.ts";
import { checkPart, checkRange } from "../object-store-checks.ts";
import { piecesOf } from "../part-body.ts";
import { copySourceOf, etagOf, quoted } from "./keys.ts";
import type { Place } from "./place.ts";
import { readHead, readObject } from "./reading.ts";
import { ofUpload, uploadOf } from "./uploads.ts";

/** Whether the store's etag of a part is the MD5 of its bytes: on AWS and Ceph it is, on R2 not. */
export class EtagKind {
  #isMd5 = false;

  /**
   * @returns whether the store has other bytes than were sent. A difference says nothing before this
   * store has once given an MD5, which no other etag is by chance; nor where it encrypts with keys
   * that are not its own (AWS S3 API reference, "Object", ETag).
   */
  isOther(
    reply: Pick<UploadPartCommandOutput, "ServerSideEncryption" | "SSECustomerAlgorithm">,
    { etag, md5 }: { readonly etag: string; readonly md5: string },
  ): boolean {
    if (etag === md5) this.#isMd5 = true;
    const { ServerSideEncryption: kept, SSECustomerAlgorithm: own } = reply;
    const isPlain = own === undefined && (kept === undefined || kept === "AES256");
    return this.#isMd5 && isPlain && /^[0-9a-f]{32}$/.test(etag) && etag !== md5;
  }
}

/**
 * Sends one part as it comes, with its length announced.
 * @throws StoreError `no-such-upload`, `invalid-part`; the body's own failure; the signal's reason
 */
export async function uploadPart(
  place: Place,
  kind: EtagKind,
  key: string,
  uploadId: string,
  partNumber: number,
  part: PartBody,
): Promise<Part> {
  const { sizeBytes, signal } = part;
  checkPart(partNumber, sizeBytes);
  const upload = uploadOf(place, key, uploadId);
  const hash = createHash("md5");
  const pieces = heldBack(piecesOf(part), (piece) => hash.update(piece));
  const command = new UploadPartCommand({
    ...upload,
    PartNumber: partNumber,
    ContentLength: sizeBytes,
    // The SDK hands it to our own handler, which reads pieces; nothing of it needs a stream.
    Body: pieces as unknown as Readable,
  });
  const options = { isTransfer: true, ...(signal ? { abortSignal: signal } : {}) };
  const { client } = place;
  return await ofUpload(() =>
    client.ask("UploadPart", options, async (call) => {
      const reply = await client.s3.send(command, call);
      const etag = etagOf(reply.ETag);
      if (!kind.isOther(reply, { etag, md5: hash.digest("hex") })) {
        return { partNumber, etag, sizeBytes };
      }
      // The part is there with these bytes; sent again it takes its own place.
      const message = "The store received other bytes than were sent.";
      throw new StoreError("invalid-part", "retryable", message);
    }),
  );
}

/**
 * Each piece only when the next one is there, so that the last one goes out when the body has ended
 * with the length announced. Else a store would hold as many bytes as were announced for a whole part
 * before it is known that there are more.
 */
export async function* heldBack(
  pieces: AsyncIterable<Uint8Array>,
  see: (piece: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | null = null;
  for await (const piece of pieces) {
    if (held !== null) yield held;
    // A copy: whoever gave it may write into it for the next one.
    held = new Uint8Array(piece);
    see(held);
  }
  if (held !== null) yield held;
}

/**
 * Makes a part of a range of another object, within the store; where it is not sure that the store
 * would take the object that is meant, its bytes pass through here.
 * @throws StoreError `no-such-key`, `no-such-upload`, `invalid-range`, `invalid-part`
 */
export async function copyPart(
  place: Place,
  kind: EtagKind,
  key: string,
  uploadId: string,
  partNumber: number,
  source: CopySource,
): Promise<Part> {
  const { client, keys, rules } = place;
  const { start, end } = source.range;
  const sizeBytes = end - start + 1;
  checkPart(partNumber, sizeBytes);
  const upload = uploadOf(place, key, uploadId);
  // Stores differ in what they say of a range beyond the end; some copy what there is.
  const from = await readHead(place, source.key);
  checkRange(source.range, from.sizeBytes);
  const bucketKey = keys.of(source.key);
  if (rules.copySource === "not-sure" && /[%?]/.test(bucketKey)) {
    const { body } = await readObject(place, source.key, source.range, undefined);
    return await uploadPart(place, kind, key, uploadId, partNumber, { body, sizeBytes });
  }
  const command = new UploadPartCopyCommand({
    ...upload,
    PartNumber: partNumber,
    CopySource: copySourceOf(client.bucket, bucketKey),
    CopySourceRange: `bytes=${start}-${end}`,
    // Of this object and no other that took its place meanwhile, which may be shorter.
    ...(rules.copyCondition ? { CopySourceIfMatch: quoted(from.etag) } : {}),
  });
  const options = { requestTimeout: client.timeouts.longCallMs };
  return await client.ask("UploadPartCopy", options, async (call) => {
    const { CopyPartResult: result } = await client.s3.send(command, call);
    return { partNumber, etag: etagOf(result?.ETag), sizeBytes };
  });
}

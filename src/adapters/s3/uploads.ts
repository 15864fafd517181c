import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
} from "@aws-sdk/client-s3";
import { LIMITS } from "../../core/limits.ts";
import { isStoreError, StoreError } from "../../core/store-errors.ts";
import type { ObjectHead, Part } from "../../ports/object-store.ts";
import { invalidPart, noSuchUpload } from "../object-store-checks.ts";
import { BrokenReply } from "./failures.ts";
import { etagOf, quoted, sizeOf } from "./keys.ts";
import { asListing, askForPage } from "./listing.ts";
import { readHead } from "./reading.ts";
import { isId } from "./removal.ts";
import type { Place } from "./place.ts";

/** Opens an upload. Not idempotent: each call opens another one. @throws StoreError `invalid-key` */
export async function createUpload(
  { client, keys }: Place,
  key: string,
  contentType: string,
): Promise<string> {
  const command = new CreateMultipartUploadCommand({
    Bucket: client.bucket,
    Key: keys.of(key),
    ...(contentType === "" ? {} : { ContentType: contentType }),
  });
  return await client.ask("CreateMultipartUpload", {}, async (call) => {
    const { UploadId: uploadId } = await client.s3.send(command, call);
    if (!uploadId || !isId(uploadId)) throw new BrokenReply("a new upload without an id");
    return uploadId;
  });
}

/**
 * What addresses an upload. An id that is none must not go out: a store that is asked to abort the
 * upload of an empty id removes the object, and to list its parts gives its content (the query then
 * names no upload at all; so does Ceph).
 * @throws StoreError `no-such-upload`, `invalid-key`
 */
export function uploadOf(
  { client, keys }: Place,
  key: string,
  uploadId: string,
): { readonly Bucket: string; readonly Key: string; readonly UploadId: string } {
  const bucketKey = keys.of(key);
  if (!isId(uploadId)) throw noSuchUpload();
  return { Bucket: client.bucket, Key: bucketKey, UploadId: uploadId };
}

/** All parts received, by number, over as many pages as it takes. @throws StoreError `no-such-upload` */
export async function listParts(
  place: Place,
  key: string,
  uploadId: string,
  signal?: AbortSignal,
): Promise<readonly Part[]> {
  const upload = uploadOf(place, key, uploadId);
  const parts: Part[] = [];
  let marker: string | null = null;
  do {
    const command: ListPartsCommand = new ListPartsCommand({
      ...upload,
      ...(marker === null ? {} : { PartNumberMarker: marker }),
    });
    const { client } = place;
    const reply = await ofUpload(() =>
      askForPage(client, "ListParts", signal, (call) => client.s3.send(command, call)),
    );
    marker = asListing("ListParts", () => {
      if (typeof reply.IsTruncated !== "boolean") {
        throw new BrokenReply("a page that does not say whether it is the last");
      }
      for (const { PartNumber = 0, ETag, Size } of reply.Parts ?? []) {
        if (PartNumber <= (parts.at(-1)?.partNumber ?? 0)) {
          throw new BrokenReply("parts that are not in order");
        }
        parts.push({ partNumber: PartNumber, etag: etagOf(ETag), sizeBytes: sizeOf(Size) });
      }
      if (!reply.IsTruncated) return null;
      const next = reply.NextPartNumberMarker ?? "";
      // It rises from page to page and knows no number beyond the last part's: that is the loop's bound.
      if (!(Number(next) > Number(marker ?? 0) && Number(next) <= LIMITS.partsMax)) {
        throw new BrokenReply("a page that is not the last and does not say how to go on");
      }
      return next;
    });
  } while (marker !== null);
  return parts;
}

/**
 * Makes the object of the parts. A completion that is repeated is answered like the first one by AWS
 * and Ceph, while the object is there.
 * @throws StoreError `no-such-upload`, `invalid-part`
 */
export async function completeUpload(
  place: Place,
  key: string,
  uploadId: string,
  parts: readonly Part[],
): Promise<ObjectHead> {
  const upload = uploadOf(place, key, uploadId);
  const problem = problemOf(parts);
  if (problem !== null) {
    // An upload that is over is no question of its parts: who repeats a completion may not know them.
    await listParts(place, key, uploadId);
    throw invalidPart(problem);
  }
  const { client } = place;
  const command = new CompleteMultipartUploadCommand({
    ...upload,
    MultipartUpload: {
      Parts: parts.map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: quoted(etag) })),
    },
  });
  const options = { requestTimeout: client.timeouts.longCallMs };
  try {
    await ofUpload(() =>
      client.ask("CompleteMultipartUpload", options, async (call) => {
        const { Key } = await client.s3.send(command, call);
        // Seen on Ceph 16.2: the etag is empty. A reply that names no object at all tells of none.
        if (!Key) throw new BrokenReply("a completed upload without a key");
      }),
    );
  } catch (error) {
    if (isStoreError(error, "store-unavailable")) await refuseIfOver(place, key, uploadId);
    throw error;
  }
  try {
    return await readHead(place, key);
  } catch (error) {
    // Removed already, or an earlier completion was answered once more: as with every upload that
    // is over, the key says what there is.
    if (isStoreError(error, "no-such-key")) throw noSuchUpload();
    throw error;
  }
}

/**
 * Ceph (seen on 16.2; ceph/s3-tests#728) answers 500 to the completion of an upload that it does not
 * know, as if it were for the moment only. Also where a completion took effect and failed in saying
 * so, the upload is over, and that is what there is to say.
 * @throws StoreError `no-such-upload`; else nothing, whatever became of the question
 */
async function refuseIfOver(place: Place, key: string, uploadId: string): Promise<void> {
  try {
    await listParts(place, key, uploadId);
  } catch (error) {
    if (isStoreError(error, "no-such-upload")) throw error;
  }
}

/** Of an upload, `NoSuchKey` means the upload: so says Ceph 16.2 to ListParts. */
export async function ofUpload<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (isStoreError(error, "no-such-key")) throw noSuchUpload();
    throw error;
  }
}

async function abortOnce(
  place: Place,
  key: string,
  uploadId: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const command = new AbortMultipartUploadCommand(uploadOf(place, key, uploadId));
  const options = signal === undefined ? {} : { abortSignal: signal };
  await ofUpload(() =>
    place.client.ask("AbortMultipartUpload", options, (call) =>
      place.client.s3.send(command, call),
    ),
  );
}

/**
 * Aborts until nothing of the upload is left: "if any part uploads are currently in progress, those
 * part uploads might or might not succeed", and then it takes another abort (AWS S3 API reference,
 * AbortMultipartUpload).
 */
export async function abortUpload(
  place: Place,
  key: string,
  uploadId: string,
  signal?: AbortSignal,
): Promise<void> {
  await abortOnce(place, key, uploadId, signal);
  for (let round = 1; round <= LIMITS.s3AbortRoundsMax; round++) {
    try {
      await listParts(place, key, uploadId, signal);
      await abortOnce(place, key, uploadId, signal);
    } catch (error) {
      if (isStoreError(error, "no-such-upload")) return;
      throw error;
    }
  }
  const message = "The upload was aborted and is still there: parts are arriving.";
  throw new StoreError("store-unavailable", "retryable", message);
}

/** S3 says `MalformedXML` to no parts at all, and some stores sort what is out of order. */
function problemOf(parts: readonly Part[]): string | null {
  if (parts.length === 0) return "An upload cannot be completed without a part.";
  let before = 0;
  for (const { partNumber } of parts) {
    if (partNumber <= before) return "The parts are not in the order of their numbers.";
    before = partNumber;
  }
  return null;
}

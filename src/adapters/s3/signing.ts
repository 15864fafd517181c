import { GetObjectCommand, UploadPartCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { LIMITS } from "../../core/limits.ts";
import type { Clock } from "../../ports/clock.ts";
import type { SignedRequest } from "../../ports/object-store.ts";
import { badRequest, checkPart } from "../object-store-checks.ts";
import type { Place } from "./place.ts";
import { uploadOf } from "./uploads.ts";

type Now = Pick<Clock, "now">;

/**
 * One part of one upload and no other, of exactly this size: the length is among the signed headers,
 * and a client that sends more or less is refused before the store takes a byte for good.
 */
export async function presignPart(
  place: Place,
  clock: Now,
  part: {
    readonly key: string;
    readonly uploadId: string;
    readonly partNumber: number;
    readonly sizeBytes: number;
  },
  expiresInMs: number,
): Promise<SignedRequest> {
  const { key, uploadId, partNumber, sizeBytes } = part;
  checkPart(partNumber, sizeBytes);
  const command = new UploadPartCommand({
    ...uploadOf(place, key, uploadId),
    PartNumber: partNumber,
    ContentLength: sizeBytes,
  });
  const url = await signed(place, expiresInMs, clock, (options) =>
    getSignedUrl(place.client.s3, command, options),
  );
  return { url, headers: { "content-length": String(sizeBytes) } };
}

/**
 * The object as a download: what a client's browser makes of it was decided here and not by whoever
 * uploaded it. The URL leads to the store's own domain, where a page of it would run.
 */
export async function presignGet(
  place: Place,
  clock: Now,
  key: string,
  expiresInMs: number,
  filename: string,
): Promise<SignedRequest> {
  const command = new GetObjectCommand({
    Bucket: place.client.bucket,
    Key: place.keys.of(key),
    ResponseContentDisposition: attachment(filename),
    ResponseContentType: "application/octet-stream",
  });
  const url = await signed(place, expiresInMs, clock, (options) =>
    getSignedUrl(place.client.s3, command, options),
  );
  return { url, headers: {} };
}

async function signed(
  { client }: Place,
  expiresInMs: number,
  clock: Now,
  sign: (options: { expiresIn: number; signingDate: Date }) => Promise<string>,
): Promise<string> {
  const expiresIn = Math.floor(expiresInMs / 1000);
  if (!(expiresIn >= 1) || expiresInMs > LIMITS.s3UrlExpiryMaxMs) {
    throw badRequest(`A URL cannot be signed for ${expiresInMs} ms.`);
  }
  const signingDate = new Date(clock.now());
  return await client.ask("a signature", {}, () => sign({ expiresIn, signingDate }));
}

/** The name in ASCII, and as it is (RFC 6266, section 4.3; RFC 8187, section 3.2). */
export function attachment(filename: string): string {
  const name = filename.toWellFormed();
  const ascii = name.replaceAll(/[^\x20-\x7e]|["\\%]/gu, "_");
  const exact = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${exact}`;
}

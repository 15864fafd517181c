import {
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  paginateListObjectsV2,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import type { S3Bucket } from "../support/s3-bucket.ts";
import { inParallel } from "./planting.ts";

/** Settings by which a service reaches the bucket. */
export function settingsOf(bucket: S3Bucket): Record<string, string> {
  const { endpoint = "", region, accessKeyId = "", secretAccessKey = "" } = bucket.options();
  return {
    EXPUNGE_STORE: `s3://${bucket.name}`,
    EXPUNGE_S3_ENDPOINT: endpoint,
    EXPUNGE_S3_REGION: region,
    EXPUNGE_S3_ACCESS_KEY_ID: accessKeyId,
    EXPUNGE_S3_SECRET_ACCESS_KEY: secretAccessKey,
  };
}

/** Every key below a prefix by the SDK's own paginator: an eye that is not expunge's. */
export async function keysBelow(bucket: S3Bucket, prefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  const input = { Bucket: bucket.name, Prefix: prefix };
  for await (const page of paginateListObjectsV2({ client: bucket.client }, input)) {
    for (const { Key = "" } of page.Contents ?? []) keys.push(Key);
  }
  return keys;
}

/** Every version and marker below a prefix, likewise. */
export async function versionsBelow(bucket: S3Bucket, prefix: string): Promise<readonly string[]> {
  const found: string[] = [];
  let place: { KeyMarker?: string; VersionIdMarker?: string } | null = {};
  while (place) {
    const input = { Bucket: bucket.name, Prefix: prefix, ...place };
    const page: ListObjectVersionsCommandOutput = await bucket.client.send(
      new ListObjectVersionsCommand(input),
    );
    for (const { Key = "" } of page.Versions ?? []) found.push(Key);
    for (const { Key = "" } of page.DeleteMarkers ?? []) found.push(`${Key} marker`);
    const { NextKeyMarker: KeyMarker = "", NextVersionIdMarker: VersionIdMarker = "" } = page;
    place = page.IsTruncated === true ? { KeyMarker, VersionIdMarker } : null;
  }
  return found;
}

export async function putObject(bucket: S3Bucket, key: string, text: string): Promise<void> {
  await bucket.client.send(new PutObjectCommand({ Bucket: bucket.name, Key: key, Body: text }));
}

/** Puts objects there past expunge: what usually stays behind. */
export async function plantObjects(bucket: S3Bucket, below: string, count: number): Promise<void> {
  await inParallel(count, (i) => putObject(bucket, `${below}/stray-${i}`, `stray ${i}`));
}

import {
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
} from "@aws-sdk/client-s3";
import { StoreError } from "../../core/store-errors.ts";
import type { Capabilities } from "../../ports/object-store.ts";
import type { Client } from "./client.ts";
import type { Place } from "./place.ts";
import type { ProviderRules } from "./rules.ts";

type Versioning = Capabilities["versioning"];
type ObjectLock = Capabilities["objectLock"];

/** Asks the bucket what it can do. @throws StoreError where it does not answer at all */
export async function probe({
  client,
  keys,
  rules,
  without,
}: Place): Promise<Pick<Capabilities, "versioning" | "objectLock" | "multipartListing">> {
  const [versioning, objectLock, multipartListing] = await Promise.all([
    probeVersioning(client, keys.prefix, rules, without.includes("version-listing")),
    probeObjectLock(client, rules),
    !without.includes("multipart-listing") && probeMultipartListing(client, keys.prefix),
  ]);
  return { versioning, objectLock, multipartListing };
}

async function probeVersioning(
  client: Client,
  prefix: string,
  rules: ProviderRules,
  isUnlisted: boolean,
): Promise<Versioning> {
  const command = new GetBucketVersioningCommand({ Bucket: client.bucket });
  const asked = await orRefusal(() =>
    client.ask("GetBucketVersioning", {}, (call) => client.s3.send(command, call)),
  );
  const said = asked instanceof StoreError ? null : statusOf(asked.Status);
  if (rules.versioning === "asked" && said !== null) return said;
  // By the operator's word. A store that says of itself that it keeps versions is believed all the same.
  if (isUnlisted) return said === "enabled" || said === "suspended" ? said : "none";
  const seen = await seenVersions(client, prefix);
  if (seen === "some") return said === "suspended" ? said : "enabled";
  if (seen === "not-supported") return "none";
  if (rules.versioning === "asked") return "unknown";
  // R2's answer is a dummy; but a store that says of itself that it keeps versions, and lists them, is
  // believed, whatever the settings call it.
  return said === "enabled" || said === "suspended" ? said : "none";
}

function statusOf(status: string | undefined): Versioning {
  if (status === undefined) return "none";
  if (status === "Enabled") return "enabled";
  return status === "Suspended" ? "suspended" : "unknown";
}

/** What a listing of versions shows, where the bucket does not say by itself whether it keeps any. */
async function seenVersions(
  client: Client,
  prefix: string,
): Promise<"some" | "nothing" | "not-supported" | "refused"> {
  const command = new ListObjectVersionsCommand({
    Bucket: client.bucket,
    Prefix: prefix,
    MaxKeys: 1,
    EncodingType: "url",
  });
  const listed = await orRefusal(() =>
    client.ask("ListObjectVersions", {}, (call) => client.s3.send(command, call)),
  );
  if (listed instanceof StoreError) {
    return listed.code === "not-supported" ? "not-supported" : "refused";
  }
  const hasMarker = (listed.DeleteMarkers ?? []).length > 0;
  // Stores without versions that know the call give each object the id `null`.
  const hasId = (listed.Versions ?? []).some(({ VersionId = "null" }) => VersionId !== "null");
  return hasMarker || hasId ? "some" : "nothing";
}

async function probeObjectLock(client: Client, rules: ProviderRules): Promise<ObjectLock> {
  // R2's bucket locks are not to be seen from here: a lock is found when it refuses.
  if (rules.objectLock === "elsewhere") return "unknown";
  const command = new GetObjectLockConfigurationCommand({ Bucket: client.bucket });
  const asked = await orRefusal(() =>
    client.ask("GetObjectLockConfiguration", {}, async (call) => {
      try {
        return await client.s3.send(command, call);
      } catch (error) {
        // The bucket has none, which S3 answers as a failure.
        if (error instanceof Error && NO_LOCKS.has(error.name)) return null;
        throw error;
      }
    }),
  );
  if (asked instanceof StoreError) return asked.code === "not-supported" ? "none" : "unknown";
  return asked?.ObjectLockConfiguration?.ObjectLockEnabled === "Enabled" ? "enabled" : "none";
}

/** AWS gives the first, Ceph too; MinIO's kin the second. */
export const NO_LOCKS: ReadonlySet<string> = new Set([
  "ObjectLockConfigurationNotFoundError",
  "NoSuchObjectLockConfiguration",
]);

/** Where it may not be asked it is there all the same: the listing itself then says what is missing. */
async function probeMultipartListing(client: Client, prefix: string): Promise<boolean> {
  const command = new ListMultipartUploadsCommand({
    Bucket: client.bucket,
    Prefix: prefix,
    MaxUploads: 1,
    EncodingType: "url",
  });
  const listed = await orRefusal(() =>
    client.ask("ListMultipartUploads", {}, (call) => client.s3.send(command, call)),
  );
  return !(listed instanceof StoreError) || listed.code !== "not-supported";
}

/** Failures of the whole store, which say nothing of one capability. */
const OF_THE_STORE: ReadonlySet<StoreError["code"]> = new Set([
  "invalid-credentials",
  "clock-skew",
  "wrong-region",
  "no-such-bucket",
]);

/** The answer, or the refusal as a value: only that this one thing may not be known, or is not there. */
async function orRefusal<T>(ask: () => Promise<T>): Promise<T | StoreError> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (error.errorClass === "retryable" || OF_THE_STORE.has(error.code)) throw error;
    return error;
  }
}

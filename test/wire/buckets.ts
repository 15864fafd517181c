import { WireError } from "./errors.ts";
import { bucketOf, type Exchange, type WireState } from "./exchange.ts";
import { emptyReply, errorReply, isoDate, type Reply, xmlReply } from "./reply.ts";
import type { WireRequest } from "./request.ts";
import { onlyChildren, readXml, textOf } from "./xml.ts";

const OBJECT_LOCK = "x-amz-bucket-object-lock-enabled";

export async function listBuckets({ state }: Exchange): Promise<Reply> {
  const buckets = [...state.buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return xmlReply("ListAllMyBucketsResult", {
    Owner: { ID: "owner" },
    Buckets: {
      Bucket: buckets.map(({ name, createdAt }) => ({
        Name: name,
        CreationDate: isoDate(state.dialect, createdAt),
      })),
    },
  });
}

export async function createBucket({ request, body, state }: Exchange): Promise<Reply> {
  const name = request.bucket ?? "";
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) throw new WireError("InvalidBucketName");
  if (state.buckets.has(name)) throw new WireError("BucketAlreadyOwnedByYou");
  if (body.bytes.length > 0) {
    const root = readXml(body.bytes);
    onlyChildren(root, "LocationConstraint");
    const region = textOf(root, "LocationConstraint");
    if (root.name !== "CreateBucketConfiguration") throw new WireError("MalformedXML");
    if (region !== undefined && region !== state.region) throw new WireError("InvalidArgument");
  }
  const objectLock = request.headers.get(OBJECT_LOCK) === "true";
  if (objectLock && !state.dialect.objectLock) throw new WireError("NotImplemented");
  state.buckets.set(name, state.makeBucket(name, { objectLock }));
  return emptyReply(200, { location: `/${name}` });
}

export async function deleteBucket(exchange: Exchange): Promise<Reply> {
  const bucket = bucketOf(exchange);
  const isVersioned = (await bucket.versioning()) !== "none";
  const versions = isVersioned ? (await bucket.store.listVersions("")).entries : [];
  if (versions.length > 0 || (await bucket.view()).length > 0)
    throw new WireError("BucketNotEmpty");
  exchange.state.buckets.delete(bucket.name);
  return emptyReply(204);
}

export async function headBucket(exchange: Exchange): Promise<Reply> {
  bucketOf(exchange);
  return emptyReply(200, { "x-amz-bucket-region": exchange.state.region });
}

/** The first region of AWS has no name here. */
export async function getBucketLocation(exchange: Exchange): Promise<Reply> {
  bucketOf(exchange);
  const { region } = exchange.state;
  return xmlReply("LocationConstraint", region === "us-east-1" ? "" : region);
}

export async function getBucketVersioning(exchange: Exchange): Promise<Reply> {
  const versioning = await bucketOf(exchange).versioning();
  const states = { none: undefined, enabled: "Enabled", suspended: "Suspended" } as const;
  // R2 keeps no versions and answers all the same, as for a bucket that never had any.
  const status = exchange.state.dialect.versions ? states[versioning] : undefined;
  return xmlReply("VersioningConfiguration", { Status: status });
}

export async function putBucketVersioning(exchange: Exchange): Promise<Reply> {
  const bucket = bucketOf(exchange);
  if (!exchange.state.dialect.versions) throw new WireError("NotImplemented");
  const root = readXml(exchange.body.bytes);
  onlyChildren(root, "Status", "MfaDelete");
  const status = textOf(root, "Status");
  if (root.name !== "VersioningConfiguration") throw new WireError("MalformedXML");
  if (status !== "Enabled" && status !== "Suspended") throw new WireError("MalformedXML");
  if (bucket.objectLock && status === "Suspended") throw new WireError("InvalidBucketState");
  bucket.store.setVersioning(status === "Enabled" ? "enabled" : "suspended");
  return emptyReply(200);
}

export async function getBucketLifecycleConfiguration(exchange: Exchange): Promise<Reply> {
  const { lifecycle } = bucketOf(exchange);
  if (lifecycle.length === 0) throw new WireError("NoSuchLifecycleConfiguration");
  return xmlReply("LifecycleConfiguration", {
    Rule: lifecycle.map(({ id, prefix, expiresAfterDays, endsUploadsAfterDays }) => ({
      ID: id,
      Filter: { Prefix: prefix },
      Status: "Enabled",
      ...(expiresAfterDays !== undefined && { Expiration: { Days: expiresAfterDays } }),
      ...(endsUploadsAfterDays !== undefined && {
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: endsUploadsAfterDays },
      }),
    })),
  });
}

/** What a browser is told before it sends something from a page elsewhere; nobody signs that. */
export function preflight({ headers, bucket }: WireRequest, { buckets }: WireState): Reply {
  const origin = headers.get("origin") ?? "";
  const isAllowed = buckets.get(bucket ?? "")?.corsOrigins.includes(origin) ?? false;
  if (!isAllowed) return errorReply(403, "AccessForbidden", "CORSResponse: not allowed");
  return emptyReply(200, {
    "access-control-allow-origin": origin,
    "access-control-allow-methods": "PUT",
    "access-control-expose-headers": "ETag",
  });
}

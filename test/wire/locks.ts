import { type Bucket, holdName } from "./bucket.ts";
import { WireError } from "./errors.ts";
import { bucketOf, type Exchange, keyOf } from "./exchange.ts";
import { emptyReply, type Reply, xmlReply } from "./reply.ts";
import { onlyChildren, readXml, textOf } from "./xml.ts";

function checkLocks({ state }: Exchange, bucket: Bucket): void {
  if (!state.dialect.objectLock) throw new WireError("NotImplemented");
  if (bucket.objectLock) return;
  throw new WireError("InvalidRequest", "Bucket is missing Object Lock Configuration");
}

/** The version that a hold is about: the one named, or the newest. @throws WireError */
async function heldVersion({ request }: Exchange, bucket: Bucket, key: string): Promise<string> {
  const versions = await bucket.versionsOf(key);
  const versionId = request.query.get("versionId");
  const found = versions.find((version) =>
    versionId === undefined ? version.isLatest : version.versionId === versionId,
  );
  if (!found) throw new WireError(versionId === undefined ? "NoSuchKey" : "NoSuchVersion");
  if (found.isDeleteMarker) throw new WireError("MethodNotAllowed");
  return holdName(key, found.versionId);
}

export async function getObjectLockConfiguration(exchange: Exchange): Promise<Reply> {
  const bucket = bucketOf(exchange);
  if (!exchange.state.dialect.objectLock) throw new WireError("NotImplemented");
  if (!bucket.objectLock) throw new WireError("ObjectLockConfigurationNotFoundError");
  const days = bucket.defaultRetentionDays;
  const retention = { Mode: "GOVERNANCE", Days: String(days) };
  return xmlReply("ObjectLockConfiguration", {
    ObjectLockEnabled: "Enabled",
    ...(days === null ? {} : { Rule: { DefaultRetention: retention } }),
  });
}

export async function putObjectLegalHold(exchange: Exchange): Promise<Reply> {
  const bucket = bucketOf(exchange);
  checkLocks(exchange, bucket);
  const name = await heldVersion(exchange, bucket, keyOf(exchange));
  const root = readXml(exchange.body.bytes);
  onlyChildren(root, "Status");
  const status = textOf(root, "Status");
  if (root.name !== "LegalHold" || (status !== "ON" && status !== "OFF")) {
    throw new WireError("MalformedXML");
  }
  if (status === "ON") bucket.holds.add(name);
  else bucket.holds.delete(name);
  return emptyReply(200);
}

export async function getObjectLegalHold(exchange: Exchange): Promise<Reply> {
  const bucket = bucketOf(exchange);
  checkLocks(exchange, bucket);
  const name = await heldVersion(exchange, bucket, keyOf(exchange));
  return xmlReply("LegalHold", { Status: bucket.holds.has(name) ? "ON" : "OFF" });
}

import { compareUtf8, utf8Length } from "../../src/core/encoding.ts";
import type { RemoveResult } from "../../src/ports/object-store.ts";
import { type Bucket, holdName } from "./bucket.ts";
import { entryErrorOf, WireError } from "./errors.ts";
import {
  bucketOf,
  countWrite,
  type Exchange,
  isLockedByRule,
  keyOf,
  storedKey,
} from "./exchange.ts";
import type { EntryFault } from "./fault.ts";
import { emptyReply, type Reply, xmlReply } from "./reply.ts";
import { onlyChildren, readXml, textOf, type XmlNodes, XmlSequence } from "./xml.ts";

const KEYS_MAX = 1000;

/** One thing to remove: a key, or one version of it. */
interface Asked {
  readonly key: string;
  readonly versionId: string | null;
}

/** Why it may not be removed, whatever the store says; null where it may. */
function lockOn(exchange: Exchange, bucket: Bucket, { key, versionId }: Asked): WireError | null {
  if (isLockedByRule(exchange, key)) return new WireError("ObjectLockedByBucketPolicy");
  if (versionId === null || !bucket.holds.has(holdName(key, versionId))) return null;
  return new WireError("AccessDenied", exchange.state.dialect.lockWords.single);
}

/** @throws WireError where the store or the bucket knows no such version ids */
async function checkVersionId({ state }: Exchange, bucket: Bucket, id: string): Promise<void> {
  if (!state.dialect.versions) throw new WireError("NotImplemented");
  if (id !== "null" && (await bucket.versioning()) === "none") {
    throw new WireError("InvalidArgument", "Invalid version id specified");
  }
}

/** Removes in the store, where a bucket without versions has only the version `null`. */
async function removeAll(
  bucket: Bucket,
  asked: readonly Asked[],
): Promise<readonly RemoveResult[]> {
  const isVersioned = (await bucket.versioning()) !== "none";
  const isVersion = ({ versionId }: Asked): boolean => isVersioned && versionId !== null;
  const plain = asked.filter((one) => !isVersion(one));
  const versions = asked.filter(isVersion);
  const removed = plain.length > 0 ? await bucket.store.remove(plain.map(({ key }) => key)) : [];
  const gone =
    versions.length > 0
      ? await bucket.store.removeVersions(
          versions.map(({ key, versionId }) => ({ key, versionId: versionId ?? "" })),
        )
      : [];
  const [fromPlain, fromVersions] = [removed.values(), gone.values()];
  return asked.map((one) => {
    const next = (isVersion(one) ? fromVersions : fromPlain).next();
    if (next.done) throw new Error("the store answers one result for each key");
    return next.value;
  });
}

export async function deleteObject(exchange: Exchange): Promise<Reply> {
  const bucket = bucketOf(exchange);
  const key = keyOf(exchange);
  const versionId = exchange.request.query.get("versionId") ?? null;
  if (versionId !== null) await checkVersionId(exchange, bucket, versionId);
  const lock = lockOn(exchange, bucket, { key, versionId });
  if (lock) throw lock;
  countWrite(exchange, bucket, key);
  const before = await bucket.versionsOf(key);
  const [result] = await removeAll(bucket, [{ key, versionId }]);
  if (result && result.result !== "gone") {
    const { code, message } = entryErrorOf(result);
    throw new WireError(code, message);
  }
  const headers: Record<string, string> = {};
  const marker = versionId === null ? await bucket.newest(key) : null;
  const removed = before.find((version) => version.versionId === versionId);
  const named = marker?.versionId ?? versionId;
  if (named !== null) headers["x-amz-version-id"] = named;
  if (marker || removed?.isDeleteMarker) headers["x-amz-delete-marker"] = "true";
  return emptyReply(204, headers);
}

/** The body of a DeleteObjects. @throws WireError `MalformedXML` */
export function readRemoval(bytes: Uint8Array): { quiet: boolean; asked: readonly Asked[] } {
  const root = readXml(bytes);
  if (root.name !== "Delete") throw new WireError("MalformedXML");
  onlyChildren(root, "Object", "Quiet");
  const quiet = textOf(root, "Quiet") ?? "false";
  if (quiet !== "true" && quiet !== "false") throw new WireError("MalformedXML");
  const asked = root.children
    .filter(({ name }) => name === "Object")
    .map((object) => {
      onlyChildren(object, "Key", "VersionId");
      const key = textOf(object, "Key");
      if (key === undefined || key === "") throw new WireError("MalformedXML");
      return { key, versionId: textOf(object, "VersionId") ?? null };
    });
  if (asked.length === 0 || asked.length > KEYS_MAX) throw new WireError("MalformedXML");
  return { quiet: quiet === "true", asked };
}

function checkRemovalDigest({ digests, state }: Exchange): void {
  const { needsRemovalDigest, removalDigests } = state.dialect;
  if (!needsRemovalDigest || digests.some((name) => removalDigests.includes(name))) return;
  const names = removalDigests.includes("crc32") ? "Content-MD5 OR x-amz-checksum-" : "Content-MD5";
  throw new WireError("InvalidRequest", `Missing required header for this request: ${names}`);
}

interface Answered extends Asked {
  readonly name: "Deleted" | "Error";
  readonly nodes: XmlNodes;
}

interface Entry extends Asked {
  readonly fault: EntryFault | null;
  readonly refusal: Answered | null;
}

function isRemoved(fault: EntryFault | null): boolean {
  return fault === null || (fault.kind === "left-out" && fault.removes);
}

export async function deleteObjects(exchange: Exchange): Promise<Reply> {
  const bucket = bucketOf(exchange);
  checkRemovalDigest(exchange);
  const { quiet, asked } = readRemoval(exchange.body.bytes);
  for (const { versionId } of asked) {
    if (versionId !== null) await checkVersionId(exchange, bucket, versionId);
  }
  const entries = asked.map((one): Entry => {
    const fault = exchange.fault?.entry?.(one.key) ?? null;
    return { ...one, fault, refusal: refusalOf(exchange, bucket, one, fault) };
  });
  const removing = entries.filter(({ fault, refusal }) => !refusal && isRemoved(fault));
  const stored = removing.map(({ key, versionId }) => {
    return { key: storedKey(exchange.state.dialect, key), versionId };
  });
  const wereMarkers = await markersAmong(bucket, stored);
  const results = new Map((await removeAll(bucket, stored)).map((one, i) => [removing[i], one]));
  const answers: Answered[] = [];
  for (const entry of entries) {
    if (entry.fault?.kind === "left-out") continue;
    const result = results.get(entry) ?? { key: entry.key, result: "gone" };
    answers.push(entry.refusal ?? (await answerOf(bucket, entry, result, wereMarkers)));
  }
  if (exchange.state.dialect.sortsRemovals) answers.sort((a, b) => compareUtf8(a.key, b.key));
  const shown = answers.filter(({ name }) => !quiet || name === "Error");
  return xmlReply("DeleteResult", {
    Entries: new XmlSequence(shown.map(({ name, nodes }) => [name, nodes] as const)),
  });
}

/** An entry that is refused before the store is asked. */
function refusalOf(
  exchange: Exchange,
  bucket: Bucket,
  asked: Asked,
  fault: EntryFault | null,
): Answered | null {
  if (fault?.kind === "error") return errorEntry(asked, fault.code, fault.message);
  if (utf8Length(asked.key) > 1024)
    return errorEntry(asked, "KeyTooLongError", "Your key is too long");
  const lock = lockOn(exchange, bucket, asked);
  if (!lock) return null;
  const isHold = lock.code === "AccessDenied";
  return errorEntry(
    asked,
    lock.code,
    isHold ? exchange.state.dialect.lockWords.entry : lock.message,
  );
}

function errorEntry(asked: Asked, code: string, message: string): Answered {
  const { key, versionId } = asked;
  const nodes = { Key: key, VersionId: versionId ?? undefined, Code: code, Message: message };
  return { ...asked, name: "Error", nodes };
}

async function markersAmong(bucket: Bucket, asked: readonly Asked[]): Promise<ReadonlySet<string>> {
  const markers = new Set<string>();
  const keys = new Set(asked.filter(({ versionId }) => versionId !== null).map(({ key }) => key));
  for (const key of keys) {
    for (const { versionId, isDeleteMarker } of await bucket.versionsOf(key)) {
      if (isDeleteMarker) markers.add(holdName(key, versionId));
    }
  }
  return markers;
}

async function answerOf(
  bucket: Bucket,
  asked: Asked,
  result: RemoveResult,
  wereMarkers: ReadonlySet<string>,
): Promise<Answered> {
  if (result.result !== "gone") {
    const { code, message } = entryErrorOf(result);
    return errorEntry(asked, code, message);
  }
  const { key, versionId } = asked;
  const made = versionId === null ? await bucket.newest(result.key) : null;
  const isMarker = made !== null || wereMarkers.has(holdName(result.key, versionId ?? ""));
  const nodes = {
    Key: key,
    VersionId: versionId ?? undefined,
    DeleteMarker: isMarker ? true : undefined,
    DeleteMarkerVersionId: isMarker ? (made?.versionId ?? versionId ?? undefined) : undefined,
  };
  return { ...asked, name: "Deleted", nodes };
}

import type { UploadEntry, VersionEntry } from "../../src/ports/object-store.ts";
import type { Bucket } from "./bucket.ts";
import { WireError } from "./errors.ts";
import { bucketOf, type Exchange, storedKey } from "./exchange.ts";
import { keyWriter, pageSize } from "./listing.ts";
import { type Marker, markedPage } from "./markers.ts";
import { isoDate, type Reply, xmlReply } from "./reply.ts";
import { type XmlNodes, XmlSequence } from "./xml.ts";

function fromMarker({ request }: Exchange, idName: string): Marker | null {
  const key = request.query.get("key-marker") ?? "";
  const id = request.query.get(idName) ?? "";
  if (key === "" && id !== "") {
    throw new WireError("InvalidArgument", `A ${idName} cannot be specified without a key marker.`);
  }
  return key === "" ? null : { key, id };
}

export async function listObjectVersions(exchange: Exchange): Promise<Reply> {
  const { request, state, fault } = exchange;
  const bucket = bucketOf(exchange);
  if (!state.dialect.versions) throw new WireError("NotImplemented");
  const keyText = keyWriter(exchange);
  const prefix = request.query.get("prefix") ?? "";
  const from = fromMarker(exchange, "version-id-marker");
  const isVersioned = (await bucket.versioning()) !== "none";
  const page = await markedPage<VersionEntry>(
    bucket,
    {
      kind: "versions",
      prefix,
      limit: pageSize(exchange, "max-keys"),
      from,
      list: (options) =>
        isVersioned
          ? bucket.store.listVersions(prefix, options)
          : objectsAsVersions(bucket, prefix, options),
      markerOf: ({ key, versionId }) => ({ key, id: versionId }),
    },
    fault?.listing,
  );
  return xmlReply("ListVersionsResult", {
    Name: bucket.name,
    Prefix: keyText(prefix),
    KeyMarker: keyText(from?.key ?? ""),
    VersionIdMarker: from?.id ?? "",
    NextKeyMarker: page.next === null ? undefined : keyText(page.next.key),
    NextVersionIdMarker: page.next?.id,
    MaxKeys: pageSize(exchange, "max-keys"),
    EncodingType: request.query.get("encoding-type"),
    IsTruncated: page.isTruncated,
    Entries: new XmlSequence(
      withForeign(exchange, page.entries).map((entry) => versionNodes(exchange, entry, keyText)),
    ),
  });
}

function withForeign(
  { fault, state }: Exchange,
  entries: readonly VersionEntry[],
): readonly VersionEntry[] {
  const key = fault?.listing?.foreignKey;
  if (key === undefined) return entries;
  const isDeleteMarker = false;
  const isLatest = true;
  const modifiedAt = state.now();
  return [
    ...entries,
    { key, versionId: "null", isDeleteMarker, isLatest, sizeBytes: 1, modifiedAt },
  ];
}

/** In a bucket that never had versions, S3 lists every object as its version `null`. */
async function objectsAsVersions(
  bucket: Bucket,
  prefix: string,
  options: Parameters<Bucket["store"]["list"]>[1],
) {
  const { entries, next } = await bucket.store.list(prefix, options);
  const versions = entries.map((entry) => ({
    ...entry,
    versionId: "null",
    isDeleteMarker: false,
    isLatest: true,
  }));
  return { entries: versions, next };
}

function versionNodes(
  { state }: Exchange,
  entry: VersionEntry,
  keyText: (key: string) => string,
): readonly [string, XmlNodes] {
  const common = {
    Key: keyText(entry.key),
    VersionId: entry.versionId,
    IsLatest: entry.isLatest,
    LastModified: isoDate(state.dialect, entry.modifiedAt),
  };
  if (entry.isDeleteMarker) return ["DeleteMarker", common];
  return ["Version", { ...common, Size: entry.sizeBytes, StorageClass: "STANDARD" }];
}

export async function listMultipartUploads(exchange: Exchange): Promise<Reply> {
  const { request, state, fault } = exchange;
  const bucket = bucketOf(exchange);
  const keyText = keyWriter(exchange);
  const prefix = storedKey(state.dialect, request.query.get("prefix") ?? "");
  const from = fromMarker(exchange, "upload-id-marker");
  const page = await markedPage<UploadEntry>(
    bucket,
    {
      kind: "uploads",
      prefix,
      limit: pageSize(exchange, "max-uploads"),
      from,
      list: (options) => bucket.store.listUploads(prefix, options),
      markerOf: ({ key, uploadId }) => ({ key, id: uploadId }),
    },
    fault?.listing,
  );
  const foreignKey = fault?.listing?.foreignKey;
  const foreign = { key: foreignKey ?? "", uploadId: "foreign", initiatedAt: state.now() };
  const entries = foreignKey === undefined ? page.entries : [...page.entries, foreign];
  return xmlReply("ListMultipartUploadsResult", {
    Bucket: bucket.name,
    KeyMarker: keyText(from?.key ?? ""),
    UploadIdMarker: from?.id ?? "",
    NextKeyMarker: page.next === null ? undefined : keyText(page.next.key),
    NextUploadIdMarker: page.next?.id,
    Prefix: keyText(prefix),
    EncodingType: request.query.get("encoding-type"),
    MaxUploads: pageSize(exchange, "max-uploads"),
    IsTruncated: page.isTruncated,
    Upload: entries.map(({ key, uploadId, initiatedAt }) => ({
      Key: keyText(key),
      UploadId: uploadId,
      StorageClass: "STANDARD",
      Initiated: isoDate(state.dialect, initiatedAt),
    })),
  });
}

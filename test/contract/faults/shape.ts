import {
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  ListPartsCommand,
  type S3Client,
} from "@aws-sdk/client-s3";

/**
 * What lies below a prefix, as a client sees it that knows nothing of the adapter: versions and
 * markers of each key, and uploads with their parts. Ids and times are left out.
 */
export async function shapeOf(client: S3Client, Bucket: string, Prefix: string): Promise<string> {
  const place = { Bucket, Prefix };
  const listed = await client.send(new ListObjectVersionsCommand(place));
  const open = await client.send(new ListMultipartUploadsCommand(place));
  if (listed.IsTruncated || open.IsTruncated) throw new Error("a row has more than one page");
  const found = [
    ...(listed.Versions ?? []).map(({ Key, Size }) => `${name(Key, Prefix)} of ${Size}`),
    ...(listed.DeleteMarkers ?? []).map(({ Key }) => `marker of ${name(Key, Prefix)}`),
  ];
  for (const { Key, UploadId } of open.Uploads ?? []) {
    const { Parts = [] } = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }));
    const parts = Parts.map(({ PartNumber, Size }) => `${PartNumber} of ${Size}`);
    found.push(`${name(Key, Prefix)} open with [${parts.join()}]`);
  }
  return found.sort().join(" + ");
}

function name(key: string | undefined, prefix: string): string {
  return (key ?? "").slice(prefix.length);
}

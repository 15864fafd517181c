import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  NoSuchKey,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";
import type { S3StoreConfig } from "../../config.ts";
import type { Eye } from "./eye.ts";

/** Looks into a bucket, below a prefix, by the SDK's own paginators: none of the adapter's code. */
export function bucketEye(config: S3StoreConfig): Eye & { close(): void } {
  const { bucket: Bucket, prefix } = config;
  const client = new S3Client(clientConfig(config));
  return {
    by: "the S3 API",
    files: async () => {
      const paths: string[] = [];
      for await (const page of paginateListObjectsV2({ client }, { Bucket, Prefix: prefix })) {
        for (const { Key = "" } of page.Contents ?? []) paths.push(Key.slice(prefix.length));
      }
      return paths;
    },
    read: async (path) => {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: prefix + path }));
        return (await Body?.transformToByteArray()) ?? null;
      } catch (error) {
        if (error instanceof NoSuchKey) return null;
        throw error;
      }
    },
    put: async (path, bytes) => {
      await client.send(new PutObjectCommand({ Bucket, Key: prefix + path, Body: bytes }));
    },
    remove: async (path) => {
      await client.send(new DeleteObjectCommand({ Bucket, Key: prefix + path }));
    },
    openUploads: async () => {
      const listed = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: prefix }));
      if (listed.IsTruncated === true) throw new Error("too many open uploads below the prefix");
      return (listed.Uploads ?? []).map(({ UploadId = "" }) => UploadId);
    },
    close: () => client.destroy(),
  };
}

function clientConfig(config: S3StoreConfig): S3ClientConfig {
  const { endpoint, region, accessKeyId, secretAccessKey, forcePathStyle } = config;
  return {
    region,
    forcePathStyle,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
  };
}

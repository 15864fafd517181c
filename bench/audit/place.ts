import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import {
  ListMultipartUploadsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { settingsOf } from "../../test/e2e/buckets.ts";
import { S3Bucket } from "../../test/support/s3-bucket.ts";
import { openServer } from "../sweep/server.ts";

/** Where the objects lie, without our adapters: filled and looked into from outside. */
export interface Place extends AsyncDisposable {
  readonly name: string;
  /** Settings by which the service reaches it. */
  readonly env: Readonly<Record<string, string>>;
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** All keys, without what expunge keeps for itself. */
  keys(): Promise<ReadonlySet<string>>;
  /** The store's own ids of all incomplete uploads. */
  uploads(): Promise<ReadonlySet<string>>;
}

const INTERNAL = ".expunge";

/** The local store of a service with this data directory. */
export function localPlace(dataDir: string): Place {
  const root = join(dataDir, "objects");
  const made = new Set<string>();
  return {
    name: "local store",
    env: {},
    put: async (key, bytes) => {
      const path = join(root, key);
      const directory = dirname(path);
      if (!made.has(directory)) await mkdir(directory, { recursive: true });
      made.add(directory);
      await writeFile(path, bytes);
    },
    keys: async () => {
      const found = await readdir(root, { recursive: true, withFileTypes: true });
      const keys = found
        .filter((entry) => !entry.isDirectory())
        .map(({ parentPath, name }) => relative(root, join(parentPath, name)));
      return new Set(keys.filter((key) => !key.startsWith(`${INTERNAL}/`)));
    },
    uploads: async () => new Set(await readdir(join(root, INTERNAL, "uploads"))),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** A fresh bucket of Ceph's gateway on this machine, or of the server that the environment names. */
export async function bucketPlace(): Promise<Place> {
  const server = await openServer();
  const bucket = await S3Bucket.create(server.address);
  const { client, name: Bucket } = bucket;
  return {
    name: server.name,
    env: settingsOf(bucket),
    put: async (Key, Body) => {
      await client.send(new PutObjectCommand({ Bucket, Key, Body }));
    },
    keys: async () => {
      const keys = new Set<string>();
      for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket })) {
        for (const { Key = "" } of Contents) if (!Key.startsWith(`${INTERNAL}/`)) keys.add(Key);
      }
      return keys;
    },
    uploads: async () => {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
      return new Set(Uploads.map(({ UploadId = "" }) => UploadId));
    },
    [Symbol.asyncDispose]: async () => {
      // A server of ours goes with all that it holds in memory.
      if (!server.isOurs) await bucket[Symbol.asyncDispose]();
      client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

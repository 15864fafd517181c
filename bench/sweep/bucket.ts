import { randomBytes } from "node:crypto";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { inPool } from "../../src/services/pool.ts";
import type { S3Address } from "../../test/servers/ceph.ts";

export const OBJECT_BYTES = 100;
export const PREFIX = "swept/";
/** Begins as the prefix does and lies outside of it: who removes it has taken too much. */
const SIBLING = "swept-not/kept";
const IN_FLIGHT = 32;

export interface Left {
  /** Objects below the prefix. */
  readonly below: number;
  readonly isSiblingThere: boolean;
}

/** A fresh bucket for one turn of one tool; filled and looked into by the SDK, without our adapter. */
export class Bucket implements AsyncDisposable {
  readonly name = `expunge-bench-${randomBytes(8).toString("hex")}`;
  readonly #client: S3Client;

  private constructor({ endpoint, region, accessKeyId, secretAccessKey }: S3Address) {
    this.#client = new S3Client({
      endpoint,
      region,
      credentials: { accessKeyId, secretAccessKey },
      forcePathStyle: true,
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
    });
  }

  static async create(server: S3Address): Promise<Bucket> {
    const bucket = new Bucket(server);
    await bucket.#client.send(new CreateBucketCommand({ Bucket: bucket.name }));
    return bucket;
  }

  /** @throws Error where a listing does not show all of them */
  async fill(objects: number, signal: AbortSignal): Promise<void> {
    const keys = Array.from({ length: objects }, (_, i) => PREFIX + String(i).padStart(8, "0"));
    await inPool(IN_FLIGHT, async (add) => {
      for (const Key of [SIBLING, ...keys]) {
        signal.throwIfAborted();
        const Body = randomBytes(OBJECT_BYTES);
        const command = new PutObjectCommand({ Bucket: this.name, Key, Body });
        await add(async () => void (await this.#client.send(command)));
      }
    });
    const { below } = await this.look();
    if (below !== objects) throw new Error(`${below} objects are there, of ${objects} put`);
  }

  /** What a complete listing shows now. */
  async look(): Promise<Left> {
    const keys = await this.#keys();
    return {
      below: keys.filter((key) => key.startsWith(PREFIX)).length,
      isSiblingThere: keys.includes(SIBLING),
    };
  }

  /** Removes the bucket with whatever a tool has left in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const Bucket = this.name;
    try {
      await inPool(IN_FLIGHT, async (add) => {
        for (const Key of await this.#keys()) {
          const command = new DeleteObjectCommand({ Bucket, Key });
          await add(async () => void (await this.#client.send(command)));
        }
      });
      await this.#client.send(new DeleteBucketCommand({ Bucket }));
    } finally {
      this.#client.destroy();
    }
  }

  async #keys(): Promise<readonly string[]> {
    const keys: string[] = [];
    const pages = paginateListObjectsV2({ client: this.#client }, { Bucket: this.name });
    for await (const { Contents = [] } of pages) {
      for (const { Key = "" } of Contents) keys.push(Key);
    }
    return keys;
  }
}

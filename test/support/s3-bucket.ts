import { randomBytes } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectLegalHoldCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { S3StoreOptions } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import type { S3Address, S3Keys } from "../servers/ceph.ts";

const REMOVALS_IN_FLIGHT = 16;

export interface BucketOptions {
  readonly versioned?: boolean;
  /** Objects can be locked; versioned as well. */
  readonly lockable?: boolean;
}

/** A client of the SDK as it is, with nothing of our adapter about it. */
export function plainClient(server: S3Address, keys: S3Keys = server): S3Client {
  const { accessKeyId, secretAccessKey } = keys;
  return new S3Client({
    endpoint: server.endpoint,
    region: server.region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
}

/** A bucket of one test, which knows nothing of our adapter. */
export class S3Bucket implements AsyncDisposable {
  readonly name = `expunge-test-${randomBytes(10).toString("hex")}`;
  readonly client: S3Client;
  readonly #server: S3Address;

  private constructor(server: S3Address) {
    this.#server = server;
    this.client = plainClient(server);
  }

  static async create(server: S3Address, options: BucketOptions = {}): Promise<S3Bucket> {
    const bucket = new S3Bucket(server);
    const Bucket = bucket.name;
    const lockable = options.lockable ? { ObjectLockEnabledForBucket: true } : {};
    await bucket.client.send(new CreateBucketCommand({ Bucket, ...lockable }));
    if (options.versioned) await bucket.setVersioning("Enabled");
    return bucket;
  }

  /** What the adapter needs to work on it. */
  options(more: Partial<S3StoreOptions> = {}): S3StoreOptions {
    const { endpoint, region, accessKeyId, secretAccessKey } = this.#server;
    const clock = new SystemClock();
    return {
      bucket: this.name,
      endpoint,
      region,
      accessKeyId,
      secretAccessKey,
      clock,
      ...more,
    };
  }

  async setVersioning(Status: "Enabled" | "Suspended"): Promise<void> {
    await this.client.send(
      new PutBucketVersioningCommand({
        Bucket: this.name,
        VersioningConfiguration: { Status },
      }),
    );
  }

  /** Every object, version, marker and upload goes, the locked ones too. */
  async empty(): Promise<void> {
    await this.#abortUploads();
    for (;;) {
      const found = await this.#somethingLeft();
      if (found.length === 0) return;
      const waiting = found.values();
      await Promise.all(
        Array.from({ length: REMOVALS_IN_FLIGHT }, async () => {
          for (const one of waiting) await this.#remove(one);
        }),
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.empty();
    await this.client.send(new DeleteBucketCommand({ Bucket: this.name }));
    this.client.destroy();
  }

  async #abortUploads(): Promise<void> {
    const Bucket = this.name;
    for (;;) {
      const page = await this.client.send(
        new ListMultipartUploadsCommand({ Bucket, EncodingType: "url" }),
      );
      if (!page.Uploads?.length) return;
      for (const { Key, UploadId } of page.Uploads) {
        await this.client.send(
          new AbortMultipartUploadCommand({ Bucket, Key: decoded(Key), UploadId }),
        );
      }
    }
  }

  async #somethingLeft(): Promise<readonly Found[]> {
    const Bucket = this.name;
    const common = { Bucket, EncodingType: "url" } as const;
    try {
      const page = await this.client.send(new ListObjectVersionsCommand(common));
      return [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(
        ({ Key, VersionId = "null" }) => ({ Key: decoded(Key), VersionId }),
      );
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "NotImplemented") throw error;
      const page = await this.client.send(new ListObjectsV2Command(common));
      return (page.Contents ?? []).map(({ Key }) => ({ Key: decoded(Key) }));
    }
  }

  async #remove(found: Found): Promise<void> {
    const Bucket = this.name;
    const removal = new DeleteObjectCommand({ Bucket, ...found });
    try {
      await this.client.send(removal);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "AccessDenied") throw error;
      const LegalHold = { Status: "OFF" } as const;
      await this.client.send(new PutObjectLegalHoldCommand({ Bucket, ...found, LegalHold }));
      const BypassGovernanceRetention = true;
      await this.client.send(
        new DeleteObjectCommand({ Bucket, ...found, BypassGovernanceRetention }),
      );
    }
  }
}

interface Found {
  readonly Key: string;
  readonly VersionId?: string;
}

function decoded(key: string | undefined): string {
  return decodeURIComponent((key ?? "").replaceAll("+", " "));
}

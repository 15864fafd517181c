import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  GetObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
} from "@aws-sdk/client-s3";
import { Client as SqlClient, types } from "pg";
import { keysBelow, versionsBelow } from "../e2e/buckets.ts";
import { inParallel } from "../e2e/planting.ts";
import type { S3Bucket } from "../support/s3-bucket.ts";
import { runCli } from "../support/service-process.ts";
import type {
  DeletionRow,
  FileRow,
  KeyRow,
  ProjectRow,
  ReceiptRow,
  StoredUpload,
} from "./facts.ts";

/** All counts and times of ours are below 2^53. */
const BIGINT_OID = 20;
types.setTypeParser(BIGINT_OID, Number);

/** Looks at the rows by plain SQL on a connection of its own. */
export class SqlEye {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** @param uids of the projects; of all where null */
  async rows(uids: readonly string[] | null): Promise<Rows> {
    const client = new SqlClient({ connectionString: this.#url });
    await client.connect();
    try {
      // One moment for all tables.
      await client.query("begin isolation level repeatable read read only");
      const of = async <T>(columns: string, table: string, uid = "project_uid"): Promise<T[]> => {
        const text = `select ${columns} from expunge.${table} where $1::text[] is null or ${uid} = any($1)`;
        return (await client.query(text, [uids])).rows as T[];
      };
      return {
        projects: await of<ProjectRow>("uid, id, state", "projects", "uid"),
        deletions: await of<DeletionRow>(DELETION_COLUMNS, "deletions"),
        receipts: await of<ReceiptRow>(
          `project_uid as "projectUid", deletion_id as "deletionId", sequence, jws, hash`,
          "receipts",
        ),
        files: await of<FileRow>(
          `project_uid as "projectUid", path, key, size_bytes as "sizeBytes"`,
          "files",
        ),
        uploads: await of<KeyRow>(`project_uid as "projectUid", key`, "uploads"),
        removals: await of<KeyRow>(`project_uid as "projectUid", key`, "removals"),
      };
    } finally {
      await client.end();
    }
  }

  async uidsOf(ids: readonly string[]): Promise<readonly string[]> {
    const text = "select uid from expunge.projects where id = any($1)";
    const rows = await this.query<{ uid: string }>(text, [ids]);
    return rows.map(({ uid }) => uid);
  }

  async query<T>(text: string, values: readonly unknown[] = []): Promise<readonly T[]> {
    const client = new SqlClient({ connectionString: this.#url });
    await client.connect();
    try {
      return (await client.query(text, [...values])).rows as T[];
    } finally {
      await client.end();
    }
  }
}

export interface Rows {
  readonly projects: readonly ProjectRow[];
  readonly deletions: readonly DeletionRow[];
  readonly receipts: readonly ReceiptRow[];
  readonly files: readonly FileRow[];
  readonly uploads: readonly KeyRow[];
  readonly removals: readonly KeyRow[];
}

const DELETION_COLUMNS = `id, project_uid as "projectUid", state, token,
  blocked_since is not null as "isBlocked", requested_at as "requestedAt",
  purge_after as "purgeAfter", purge_started_at as "purgeStartedAt", fenced_at as "fencedAt",
  verified_at as "verifiedAt", completed_at as "completedAt"`;

/** Looks into the bucket by plain calls of the SDK. */
export class BucketEye {
  readonly #bucket: S3Bucket;

  constructor(bucket: S3Bucket) {
    this.#bucket = bucket;
  }

  async keys(prefix: string): Promise<readonly string[]> {
    return await keysBelow(this.#bucket, prefix);
  }

  async versions(prefix: string): Promise<readonly string[]> {
    return await versionsBelow(this.#bucket, prefix);
  }

  async uploads(prefix: string): Promise<readonly StoredUpload[]> {
    const found: StoredUpload[] = [];
    let place: { KeyMarker?: string; UploadIdMarker?: string } | null = {};
    while (place) {
      const input = { Bucket: this.#bucket.name, Prefix: prefix, ...place };
      const page: ListMultipartUploadsCommandOutput = await this.#bucket.client.send(
        new ListMultipartUploadsCommand(input),
      );
      for (const { Key: key = "", UploadId: uploadId = "" } of page.Uploads ?? []) {
        found.push({ key, uploadId });
      }
      const { NextKeyMarker: KeyMarker = "", NextUploadIdMarker: UploadIdMarker = "" } = page;
      place = page.IsTruncated === true ? { KeyMarker, UploadIdMarker } : null;
    }
    return found;
  }

  /** The bytes of an object, or null where there is none. */
  async read(key: string): Promise<Uint8Array | null> {
    try {
      const command = new GetObjectCommand({ Bucket: this.#bucket.name, Key: key });
      const { Body } = await this.#bucket.client.send(command);
      return (await Body?.transformToByteArray()) ?? null;
    } catch (error) {
      if (error instanceof Error && error.name === "NoSuchKey") return null;
      throw error;
    }
  }

  /** SHA-256 of what each key gives, read whole. */
  async contents(keys: Iterable<string>): Promise<Map<string, string | null>> {
    const all = [...new Set(keys)];
    const found = new Map<string, string | null>();
    await inParallel(all.length, async (i) => {
      const key = all[i] ?? "";
      const bytes = await this.read(key);
      found.set(key, bytes && createHash("sha256").update(bytes).digest("hex"));
    });
    return found;
  }
}

/** Asks the real command line about receipts: each once, for what it says of one does not change. */
export class ReceiptVerifier {
  readonly #dir: string;
  readonly #dataDir: string;
  readonly #known = new Map<string, string | null>();

  /** @param dataDir of a service: it keeps the public keys */
  constructor(dir: string, dataDir: string) {
    this.#dir = join(dir, "receipts");
    this.#dataDir = dataDir;
  }

  /** How many were found valid. */
  get valid(): number {
    return [...this.#known.values()].filter((verdict) => verdict === null).length;
  }

  /** Null for a valid receipt, else what the command line said. */
  async verdict({ projectUid, jws }: ReceiptRow): Promise<string | null> {
    const known = this.#known.get(jws);
    if (known !== undefined) return known;
    await mkdir(this.#dir, { recursive: true });
    const path = join(this.#dir, `${projectUid}.jws`);
    await writeFile(path, jws);
    const env = { EXPUNGE_DATA_DIR: this.#dataDir };
    const { code, stderr } = await runCli(["receipt", "verify", path], { env });
    const verdict = code === 0 ? null : `exit code ${code}: ${stderr}`;
    this.#known.set(jws, verdict);
    return verdict;
  }
}

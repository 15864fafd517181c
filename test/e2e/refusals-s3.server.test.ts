import {
  CreateMultipartUploadCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutObjectLegalHoldCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { postgresUrl, s3Server } from "../servers/given.ts";
import { createDatabase } from "../servers/postgres.ts";
import { type BucketOptions, S3Bucket } from "../support/s3-bucket.ts";
import { type ServiceProcess, temporaryDir } from "../support/service-process.ts";
import { keysBelow, plantObjects, putObject, settingsOf, versionsBelow } from "./buckets.ts";
import { SharedService } from "./on-postgres.ts";
import { inParallel, putFiles } from "./planting.ts";

const TIMEOUT_MS = 120_000;

interface ResidueBody {
  readonly key: string;
  readonly outcome: string;
  readonly code: string;
}

interface DeletionBody {
  readonly id: string;
  readonly state: string;
  readonly receipt: string | null;
  readonly residueTotal: number;
  readonly residue: readonly ResidueBody[];
  readonly surfaces: readonly { surface: string; found: number; deleted: number }[];
}

/** A service on a bucket and a database of the test's own. */
async function onBucket(
  options: BucketOptions,
  work: (bucket: S3Bucket, service: ServiceProcess) => Promise<void>,
): Promise<void> {
  await using dir = await temporaryDir();
  await using bucket = await S3Bucket.create(s3Server(), options);
  const database = await createDatabase(postgresUrl());
  try {
    await using shared = await SharedService.ofTest(dir.path, database.url, settingsOf(bucket));
    await work(bucket, await shared.start());
  } finally {
    await database.drop();
  }
}

async function makeProject(service: ServiceProcess, id: string): Promise<string> {
  const made = await service.json("POST", "/v1/projects", { json: { id }, status: 201 });
  return String(made["uid"]);
}

async function blockedDelete(service: ServiceProcess, id: string): Promise<DeletionBody> {
  const answer = await service.json("DELETE", `/v1/projects/${id}`, { status: 409 });
  expect(answer["code"]).toBe("deletion-blocked");
  return answer["deletion"] as DeletionBody;
}

async function completedDelete(service: ServiceProcess, id: string): Promise<DeletionBody> {
  return (await service.json("DELETE", `/v1/projects/${id}`)) as unknown as DeletionBody;
}

async function retried(service: ServiceProcess, id: string): Promise<DeletionBody> {
  await service.json("POST", `/v1/deletions/${id}/retry`, { status: 202 });
  const look = async (): Promise<DeletionBody> =>
    (await service.json("GET", `/v1/deletions/${id}`)) as unknown as DeletionBody;
  await expect
    .poll(async () => (await look()).state, { timeout: 30_000, interval: 100 })
    .toBe("completed");
  return await look();
}

describe("a deletion that a real S3 server refuses in part", () => {
  it(
    "is blocked by a legal hold, names the key, and completes after its release",
    { timeout: TIMEOUT_MS },
    async () => {
      await onBucket({ lockable: true, versioned: true }, async (bucket, service) => {
        const uid = await makeProject(service, "held1");
        await putFiles(service, "held1", 10);
        const Key = `projects/${uid}/left/locked`;
        await putObject(bucket, Key, "locked");
        const Bucket = bucket.name;
        const { Versions = [] } = await bucket.client.send(
          new ListObjectVersionsCommand({ Bucket, Prefix: Key }),
        );
        const version = { Bucket, Key, VersionId: Versions[0]?.VersionId };
        const hold = async (Status: "ON" | "OFF"): Promise<void> => {
          const command = new PutObjectLegalHoldCommand({ ...version, LegalHold: { Status } });
          await bucket.client.send(command);
        };
        await hold("ON");
        const blocked = await blockedDelete(service, "held1");
        expect(blocked.receipt).toBeNull();
        expect(blocked.residue.map(({ key, outcome }) => [key, outcome])).toEqual([
          [Key, "blocked"],
        ]);
        expect(["object-locked", "access-denied"]).toContain(blocked.residue[0]?.code);
        expect(await versionsBelow(bucket, `projects/${uid}/`)).toEqual([Key]);
        await service.json("GET", `/v1/receipts/${uid}`, { status: 404 });
        await hold("OFF");
        const done = await retried(service, blocked.id);
        expect(done.receipt).not.toBeNull();
        expect(await versionsBelow(bucket, `projects/${uid}/`)).toEqual([]);
      });
    },
  );

  it("blocks exactly the keys that a bucket's policy denies", { timeout: TIMEOUT_MS }, async () => {
    await onBucket({}, async (bucket, service) => {
      const uid = await makeProject(service, "policy1");
      await putFiles(service, "policy1", 10);
      await plantObjects(bucket, `projects/${uid}/denied`, 7);
      await plantObjects(bucket, `projects/${uid}/free`, 30);
      const Bucket = bucket.name;
      const Policy = JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Deny",
            Principal: "*",
            Action: ["s3:DeleteObject", "s3:DeleteObjectVersion"],
            Resource: `arn:aws:s3:::${Bucket}/projects/${uid}/denied/*`,
          },
        ],
      });
      await bucket.client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
      const blocked = await blockedDelete(service, "policy1");
      const denied = await keysBelow(bucket, `projects/${uid}/`);
      expect(denied).toHaveLength(7);
      expect(blocked.residue.map(({ key }) => key).sort()).toEqual([...denied].sort());
      expect(new Set(blocked.residue.map(({ outcome }) => outcome))).toEqual(new Set(["blocked"]));
      expect(new Set(blocked.residue.map(({ code }) => code))).toEqual(new Set(["access-denied"]));
      expect(blocked.residueTotal).toBe(7);
      await bucket.client.send(new DeleteBucketPolicyCommand({ Bucket }));
      const done = await retried(service, blocked.id);
      expect(done.surfaces).toContainEqual(
        expect.objectContaining({ surface: "canonical", found: 37, deleted: 37 }),
      );
      expect(await keysBelow(bucket, `projects/${uid}/`)).toEqual([]);
    });
  });
});

describe("a deletion on a real S3 server that keeps more than objects", () => {
  it(
    "ends with no version and no marker where each key had three and one",
    { timeout: TIMEOUT_MS },
    async () => {
      await onBucket({ versioned: true }, async (bucket, service) => {
        const uid = await makeProject(service, "versions1");
        await putFiles(service, "versions1", 5);
        const keys = Array.from({ length: 40 }, (_, i) => `projects/${uid}/v/${i}`);
        await inParallel(keys.length, async (i) => {
          const Key = keys[i] ?? "";
          for (const text of ["one", "two", "three"]) await putObject(bucket, Key, text);
          await bucket.client.send(new DeleteObjectCommand({ Bucket: bucket.name, Key }));
        });
        expect(await versionsBelow(bucket, `projects/${uid}/`)).toHaveLength(5 + 4 * keys.length);
        const done = await completedDelete(service, "versions1");
        expect(done.surfaces).toEqual(
          expect.arrayContaining([
            expect.objectContaining({ surface: "tracked", found: 5, deleted: 5 }),
            // Of each key its oldest version stands for the object.
            expect.objectContaining({ surface: "canonical", found: 40, deleted: 40 }),
            expect.objectContaining({ surface: "versions", found: 120, deleted: 120 }),
          ]),
        );
        expect(await versionsBelow(bucket, "projects/")).toEqual([]);
        const { payload } = await service.json("GET", `/v1/receipts/${uid}`);
        expect(payload).toMatchObject({ totals: { deleted: 165, absent: 0 } });
      });
    },
  );

  it(
    "aborts an upload with parts that nobody had recorded: its parts are gone",
    { timeout: TIMEOUT_MS },
    async () => {
      await onBucket({}, async (bucket, service) => {
        const uid = await makeProject(service, "upload1");
        const place = { Bucket: bucket.name, Key: `projects/${uid}/open` };
        const uploads = new ListMultipartUploadsCommand({ Bucket: bucket.name });
        const { UploadId } = await bucket.client.send(new CreateMultipartUploadCommand(place));
        for (const PartNumber of [1, 2]) {
          const part = { ...place, UploadId, PartNumber, Body: "x".repeat(100_000) };
          await bucket.client.send(new UploadPartCommand(part));
        }
        const opened = await service.json("POST", "/v1/projects/upload1/uploads", {
          json: { path: "direct.bin", sizeBytes: 20_000_000, contentType: "x/y" },
          status: 201,
        });
        const path = `/v1/projects/upload1/uploads/${String(opened["uploadId"])}/parts/1`;
        const { url, headers } = await service.json("GET", path);
        const body = new Uint8Array(Number(opened["partSizeBytes"]));
        const sent = await fetch(String(url), {
          method: "PUT",
          headers: headers as Record<string, string>,
          body,
        });
        expect(sent.status).toBe(200);
        const done = await completedDelete(service, "upload1");
        expect(done.surfaces).toContainEqual(
          expect.objectContaining({ surface: "multipart", found: 2, deleted: 2 }),
        );
        const listed = bucket.client.send(new ListPartsCommand({ ...place, UploadId }));
        const refused: unknown = await listed.catch((error: unknown) => error);
        // Ceph 16 says NoSuchKey of an upload that is over, AWS NoSuchUpload.
        expect(["NoSuchUpload", "NoSuchKey"]).toContain((refused as Error).name);
        expect(await bucket.client.send(uploads)).not.toHaveProperty("Uploads");
        // A signed URL that lingers makes nothing any more (R1).
        const late = await fetch(String(url), {
          method: "PUT",
          headers: headers as Record<string, string>,
          body,
        });
        expect(late.status).toBe(404);
        expect(await keysBelow(bucket, `projects/${uid}/`)).toEqual([]);
      });
    },
  );
});

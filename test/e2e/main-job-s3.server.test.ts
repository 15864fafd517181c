import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { s3Server, useDatabase } from "../servers/given.ts";
import { armKill, died, STRUCK_BY_ORDER } from "../crash/arming.ts";
import { type Aim, pointOf } from "../crash/point-table.ts";
import { S3Bucket } from "../support/s3-bucket.ts";
import { runCli, type ServiceProcess, temporaryDir } from "../support/service-process.ts";
import { keysBelow, plantObjects, settingsOf } from "./buckets.ts";
import { SharedService } from "./on-postgres.ts";
import { putFiles } from "./planting.ts";

const FILES = 2500;
const SIBLING_FILES = 20;
const STRAYS = 1200;
const RESUME_MS = 15_000;
/** Requests for a thousand keys at most go out beside each other: so many of them, and then death. */
const DEATHS: readonly Aim[] = [
  { point: pointOf("remove"), when: "before", nth: 3 },
  { point: pointOf("remove"), when: "before", nth: 2 },
];

interface DeletionBody {
  readonly id: string;
  readonly state: string;
  readonly receipt: string | null;
  readonly surfaces: readonly { surface: string; found: number; deleted: number }[];
}

const database = useDatabase();

describe("the main job on a real S3 server and PostgreSQL", () => {
  let dir: Awaited<ReturnType<typeof temporaryDir>>;
  let bucket: S3Bucket;
  let shared: SharedService;
  let service: ServiceProcess;
  let uid = "";
  let siblingUid = "";
  let deletion: DeletionBody;

  beforeAll(async () => {
    dir = await temporaryDir();
    bucket = await S3Bucket.create(s3Server());
    shared = await SharedService.prepare(dir.path, database(), settingsOf(bucket));
    service = await shared.start(STRUCK_BY_ORDER);
    uid = await makeProject("p1");
    siblingUid = await makeProject("p10");
    await putFiles(service, "p1", FILES);
    await putFiles(service, "p10", SIBLING_FILES);
    await plantObjects(bucket, `projects/${uid}/left`, STRAYS);
    await plantObjects(bucket, `projects/${siblingUid}/left`, 5);
  }, 600_000);

  afterAll(async () => {
    await shared[Symbol.asyncDispose]();
    await bucket[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  }, 120_000);

  async function makeProject(id: string): Promise<string> {
    const made = await service.json("POST", "/v1/projects", { json: { id }, status: 201 });
    return String(made["uid"]);
  }

  async function requestDeletion(): Promise<string> {
    const requested = await service.request("DELETE", "/v1/projects/p1", {
      headers: { prefer: "respond-async" },
    });
    expect(requested.status).toBe(202);
    return ((await requested.json()) as DeletionBody).id;
  }

  async function look(id: string): Promise<DeletionBody> {
    return (await service.json("GET", `/v1/deletions/${id}`)) as unknown as DeletionBody;
  }

  it(
    `deletes ${FILES} files and ${STRAYS} strays, killed twice in the midst, within seconds of each start`,
    { timeout: 180_000 },
    async () => {
      expect(await keysBelow(bucket, `projects/${uid}/`)).toHaveLength(FILES + STRAYS);
      let id = "";
      for (const [i, aim] of DEATHS.entries()) {
        await armKill(service.child, aim, join(dir.path, `claim-${i}`));
        if (i === 0) id = await requestDeletion();
        await died(service.child);
        const left = await keysBelow(bucket, `projects/${uid}/`);
        expect(left.length, "the kill must come in the midst").toBeGreaterThan(0);
        service = await shared.start(STRUCK_BY_ORDER);
      }
      const readyAt = Date.now();
      await expect
        .poll(async () => (await look(id)).state, { timeout: 60_000, interval: 100 })
        .toBe("completed");
      expect(Date.now() - readyAt).toBeLessThan(RESUME_MS + 15_000);
      deletion = await look(id);
      expect(deletion.surfaces).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ surface: "tracked", found: FILES, deleted: FILES }),
          expect.objectContaining({ surface: "canonical", found: STRAYS, deleted: STRAYS }),
        ]),
      );
      expect(await keysBelow(bucket, `projects/${uid}/`)).toEqual([]);
    },
  );

  it("leaves the sibling whole, and says that the project is gone", async () => {
    expect(await keysBelow(bucket, `projects/${siblingUid}/`)).toHaveLength(SIBLING_FILES + 5);
    for (let i = 0; i < SIBLING_FILES; i++) {
      const file = await service.request("GET", `/v1/projects/p10/files/dir/${i}.txt`);
      expect(await file.text()).toBe(`file ${i} of p10`);
    }
    await service.json("GET", "/v1/projects/p1", { status: 410 });
    const clean = await service.json("GET", "/v1/debug/verify-cleanup/p1");
    expect(clean).toMatchObject({ isClean: true });
  });

  it("gives one receipt with exact counts, which the command line verifies offline", async () => {
    const { receipt, payload } = await service.json("GET", `/v1/receipts/${uid}`);
    expect(receipt).toBe(deletion.receipt);
    expect(payload).toMatchObject({
      sequence: 1,
      store: { kind: "s3", bucket: bucket.name },
      totals: { deleted: FILES + STRAYS, absent: 0 },
      merkle: { leaves: FILES + STRAYS },
      capabilities: { versioning: "none" },
    });
    const path = join(dir.path, "receipt.jws");
    await writeFile(path, String(receipt));
    const dataDir = { EXPUNGE_DATA_DIR: service.dataDir };
    const verified = await runCli(["receipt", "verify", path], { env: dataDir });
    expect(verified.code, verified.stderr).toBe(0);
    await expect
      .poll(async () => await keysBelow(bucket, ".expunge/receipts/"), { timeout: 20_000 })
      .toEqual([`.expunge/receipts/${uid}.jws`]);
  });
});

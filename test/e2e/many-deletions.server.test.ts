import { describe, expect, it } from "vitest";
import { s3Server, useDatabase } from "../servers/given.ts";
import { S3Bucket } from "../support/s3-bucket.ts";
import { type ServiceProcess, temporaryDir } from "../support/service-process.ts";
import { keysBelow, plantObjects, settingsOf } from "./buckets.ts";
import { SharedService } from "./on-postgres.ts";
import { inParallel, putFiles } from "./planting.ts";

const PROJECTS = 200;
const FILES = 3;
const STRAYS = 7;
const KILL_EVERY_MS = 4000;

const database = useDatabase();

interface ReceiptBody {
  readonly sequence: number;
  readonly previous: string | null;
  readonly totals: { readonly deleted: number; readonly absent: number };
}

describe("two processes on one PostgreSQL and one bucket", () => {
  it(
    `do each of ${PROJECTS} deletions once, while one of them is killed every few seconds`,
    { timeout: 400_000 },
    async () => {
      await using dir = await temporaryDir();
      await using bucket = await S3Bucket.create(s3Server());
      await using shared = await SharedService.ofTest(dir.path, database(), settingsOf(bucket));
      const steady = await shared.start();
      let victim = await shared.start();
      const uids: string[] = [];
      await inParallel(PROJECTS, async (i) => {
        const id = `many${i}`;
        const made = await steady.json("POST", "/v1/projects", { json: { id }, status: 201 });
        uids[i] = String(made["uid"]);
        await putFiles(steady, id, FILES);
        await plantObjects(bucket, `projects/${uids[i]}/left`, STRAYS);
      });
      const kept = String(
        (await steady.json("POST", "/v1/projects", { json: { id: "many" }, status: 201 }))["uid"],
      );
      await putFiles(steady, "many", FILES);

      await inParallel(PROJECTS, async (i) => {
        // Both are asked, and asked twice: the same deletion must be joined.
        for (const process of [steady, victim]) {
          const answer = await process.request("DELETE", `/v1/projects/many${i}`, {
            headers: { prefer: "respond-async" },
          });
          expect([200, 202]).toContain(answer.status);
          await answer.arrayBuffer();
        }
      });
      let kills = 0;
      while ((await remaining(steady)) > 0) {
        await new Promise((resolve) => setTimeout(resolve, KILL_EVERY_MS));
        await victim.kill();
        kills++;
        victim = await shared.start();
      }
      expect(kills, "it must be killed while there is work").toBeGreaterThan(0);

      const receipts: ReceiptBody[] = [];
      for (const uid of uids) {
        const { payload } = await steady.json("GET", `/v1/receipts/${uid}`);
        receipts.push(payload as ReceiptBody);
      }
      for (const { totals } of receipts) {
        expect(totals).toMatchObject({ deleted: FILES + STRAYS, absent: 0 });
      }
      const sequences = receipts.map(({ sequence }) => sequence).sort((a, b) => a - b);
      expect(sequences).toEqual(Array.from({ length: PROJECTS }, (_, i) => i + 1));
      expect(new Set(receipts.map(({ previous }) => previous)).size).toBe(PROJECTS);
      const left = await keysBelow(bucket, "projects/");
      expect(left.filter((key) => !key.startsWith(`projects/${kept}/`))).toEqual([]);
      expect(left).toHaveLength(FILES);
      for (let i = 0; i < FILES; i++) {
        const file = await steady.request("GET", `/v1/projects/many/files/dir/${i}.txt`);
        expect(await file.text()).toBe(`file ${i} of many`);
      }
      const output = steady.output + victim.output;
      expect(output).not.toContain('"level":"error"');
    },
  );
});

/** Deletions that have not completed. */
async function remaining(service: ServiceProcess): Promise<number> {
  let count = 0;
  for (const state of ["trashed", "deleting", "verifying"]) {
    const page = await service.json("GET", `/v1/deletions?state=${state}&limit=1000`);
    count += (page["items"] as readonly unknown[]).length;
  }
  return count;
}

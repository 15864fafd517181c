import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ServiceProcess, temporaryDir } from "../support/service-process.ts";
import { filesBelow, plant, putFiles } from "./planting.ts";

const FILES = 200;
const STRAYS = 12_000;
/** The promise: a killed deletion completes by itself within this, once the service is ready again. */
const RESUME_MS = 15_000;

interface DeletionBody {
  readonly id: string;
  readonly state: string;
  readonly attempts: number;
  readonly receipt: string | null;
  readonly surfaces: readonly { readonly surface: string; readonly deleted: number }[];
}

describe("a service that is killed in the midst of a deletion", () => {
  it(
    "goes on by itself after the next start, and issues one receipt with exact counts",
    { timeout: 180_000 },
    async () => {
      await using dir = await temporaryDir();
      const dataDir = join(dir.path, "data");
      const objectsDir = join(dataDir, "objects");
      let service = await ServiceProcess.start(dataDir);
      const made = await service.json("POST", "/v1/projects", { json: { id: "p1" }, status: 201 });
      const uid = String(made["uid"]);
      const projectDir = join(objectsDir, "projects", uid);
      await service.json("POST", "/v1/projects", { json: { id: "p10" }, status: 201 });
      await putFiles(service, "p1", FILES);
      await putFiles(service, "p10", 5);
      await plant(objectsDir, `projects/${uid}/left`, STRAYS);

      const killsAt = [0.9, 0.6, 0.3].map((share) => Math.floor((FILES + STRAYS) * share));
      let deletionId = "";
      for (const [i, threshold] of killsAt.entries()) {
        if (i === 0) {
          const requested = await service.request("DELETE", "/v1/projects/p1", {
            headers: { prefer: "respond-async" },
          });
          expect(requested.status).toBe(202);
          deletionId = ((await requested.json()) as DeletionBody).id;
        }
        let left = Number.POSITIVE_INFINITY;
        while (left > threshold) left = (await filesBelow(projectDir)).length;
        await service.kill();
        expect(left, "the kill must come in the midst").toBeGreaterThan(0);
        service = await ServiceProcess.start(dataDir);
      }
      const readyAt = Date.now();
      const seen = async (): Promise<DeletionBody> => {
        const body = await service.json("GET", `/v1/deletions/${deletionId}`);
        return body as unknown as DeletionBody;
      };
      await expect
        .poll(async () => (await seen()).state, { timeout: RESUME_MS, interval: 100 })
        .toBe("completed");
      expect(Date.now() - readyAt).toBeLessThan(RESUME_MS);

      const deletion = await seen();
      expect(deletion.attempts).toBeGreaterThanOrEqual(killsAt.length);
      expect(deletion.surfaces).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ surface: "tracked", found: FILES, deleted: FILES }),
          expect.objectContaining({ surface: "canonical", found: STRAYS, deleted: STRAYS }),
        ]),
      );
      expect(await filesBelow(projectDir)).toEqual([]);
      const { receipt, payload } = await service.json("GET", `/v1/receipts/${uid}`);
      expect(receipt).toBe(deletion.receipt);
      expect(payload).toMatchObject({
        sequence: 1,
        totals: { deleted: FILES + STRAYS, absent: 0 },
        merkle: { leaves: FILES + STRAYS },
      });
      const sibling = await service.request("GET", "/v1/projects/p10/files/dir/3.txt");
      expect(await sibling.text()).toBe("file 3 of p10");
      await service.stop();
    },
  );
});

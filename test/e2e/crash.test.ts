import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { armKill, died, STRUCK_BY_ORDER } from "../crash/arming.ts";
import { type Aim, pointOf } from "../crash/point-table.ts";
import { ServiceProcess, temporaryDir } from "../support/service-process.ts";
import { filesBelow, plant, putFiles } from "./planting.ts";

const FILES = 200;
const STRAYS = 12_000;
const KILLS = 3;
/** Each page has a thousand keys at most. */
const IN_THE_MIDST: Aim = { point: pointOf("remove"), when: "before", nth: 4 };
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
      let service = await ServiceProcess.start(dataDir, STRUCK_BY_ORDER);
      const made = await service.json("POST", "/v1/projects", { json: { id: "p1" }, status: 201 });
      const uid = String(made["uid"]);
      const projectDir = join(objectsDir, "projects", uid);
      await service.json("POST", "/v1/projects", { json: { id: "p10" }, status: 201 });
      await putFiles(service, "p1", FILES);
      await putFiles(service, "p10", 5);
      await plant(objectsDir, `projects/${uid}/left`, STRAYS);

      let deletionId = "";
      for (let kill = 0; kill < KILLS; kill++) {
        await armKill(service.child, IN_THE_MIDST, join(dir.path, `claim-${kill}`));
        if (kill === 0) {
          const requested = await service.request("DELETE", "/v1/projects/p1", {
            headers: { prefer: "respond-async" },
          });
          expect(requested.status).toBe(202);
          deletionId = ((await requested.json()) as DeletionBody).id;
        }
        await died(service.child);
        const left = (await filesBelow(projectDir)).length;
        expect(left, "the kill must come in the midst").toBeGreaterThan(0);
        service = await ServiceProcess.start(dataDir, STRUCK_BY_ORDER);
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
      expect(deletion.attempts).toBeGreaterThanOrEqual(KILLS);
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

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { runCli, ServiceProcess, temporaryDir } from "../support/service-process.ts";
import { filesBelow, plant, putFiles } from "./planting.ts";

const run = promisify(execFile);

/** Makes a file that not even root can remove; without the right to do so there is no such test. */
async function setImmutable(path: string, immutable: boolean): Promise<void> {
  await run("chattr", [immutable ? "+i" : "-i", path]);
}

describe("a key that cannot be removed", () => {
  it(
    "blocks the deletion by name, over HTTP and on the command line, until a retry completes it",
    { timeout: 60_000 },
    async () => {
      await using dir = await temporaryDir();
      const service = await ServiceProcess.start(join(dir.path, "data"));
      const objectsDir = join(dir.path, "data", "objects");
      const made = await service.json("POST", "/v1/projects", { json: { id: "p1" }, status: 201 });
      const uid = String(made["uid"]);
      await putFiles(service, "p1", 3);
      await plant(objectsDir, `projects/${uid}/left`, 2);
      const stuck = join(objectsDir, "projects", uid, "left", "stray-1");
      await setImmutable(stuck, true);
      try {
        const problem = await service.json("DELETE", "/v1/projects/p1", { status: 409 });
        expect(problem).toMatchObject({
          code: "deletion-blocked",
          residue: [
            expect.objectContaining({
              key: `projects/${uid}/left/stray-1`,
              outcome: "blocked",
              code: "access-denied",
            }),
          ],
        });
        expect(await filesBelow(join(objectsDir, "projects", uid))).toEqual([stuck]);
        await service.json("GET", `/v1/receipts/${uid}`, { status: 404 });

        const again = await runCli(["project", "delete", "p1", "--yes", ...service.flags]);
        expect(again.code, again.stderr).toBe(3);
        expect(again.stdout + again.stderr).toContain(`projects/${uid}/left/stray-1`);
      } finally {
        await setImmutable(stuck, false);
      }
      const listed = await service.json("GET", "/v1/deletions?projectId=p1");
      const [{ id } = { id: "" }] = listed["items"] as { id: string }[];
      const retry = await runCli(["deletion", "retry", id, ...service.flags]);
      expect([0, 8], retry.stderr).toContain(retry.code);
      await expect
        .poll(async () => (await service.json("GET", `/v1/deletions/${id}`))["state"], {
          timeout: 15_000,
        })
        .toBe("completed");
      expect(await filesBelow(join(objectsDir, "projects", uid))).toEqual([]);
      const { payload } = await service.json("GET", `/v1/receipts/${uid}`);
      expect(payload).toMatchObject({ totals: { deleted: 5, absent: 0 } });
      await service.stop();
    },
  );
});

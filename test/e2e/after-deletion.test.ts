import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runCli, ServiceProcess, temporaryDir } from "../support/service-process.ts";
import { filesBelow } from "./planting.ts";

const WAIT_MS = 60_000;

it("a data directory whose database was put back from a backup deletes the project again (I11)", async () => {
  await using dir = await temporaryDir();
  const dataDir = join(dir.path, "data");
  let service = await ServiceProcess.start(dataDir);
  const { uid } = await service.json("POST", "/v1/projects", { json: { id: "p1" }, status: 201 });
  await service.request("PUT", "/v1/projects/p1/files/a.txt", { body: "hello" });
  await service.stop();
  const database = join(dataDir, "database");
  const backup = join(dir.path, "backup");
  await cp(database, backup, { recursive: true });
  const objects = join(dir.path, "objects-backup");
  await cp(join(dataDir, "objects", "projects"), objects, { recursive: true });
  service = await ServiceProcess.start(dataDir);
  const deletion = await service.json("DELETE", "/v1/projects/p1");
  const copy = join(dataDir, "objects", ".expunge", "receipts", `${String(uid)}.jws`);
  await expect
    .poll(() => readFile(copy, "utf8").catch(() => ""), { timeout: WAIT_MS })
    .not.toBe("");
  await service.stop();
  await rm(database, { recursive: true });
  await cp(backup, database, { recursive: true });
  // As a backup of the objects brings them back, too.
  await cp(objects, join(dataDir, "objects", "projects"), { recursive: true });
  service = await ServiceProcess.start(dataDir);
  await expect
    .poll(async () => (await service.request("GET", "/v1/projects/p1")).status, {
      timeout: WAIT_MS,
    })
    .toBe(410);
  expect(await filesBelow(join(dataDir, "objects", "projects", String(uid)))).toEqual([]);
  const receipt = await service.json("GET", `/v1/receipts/${String(uid)}`);
  expect(receipt["receipt"]).toBe(deletion["receipt"]);
  expect(receipt["amendments"]).toHaveLength(1);
  const document = join(dir.path, "receipt.json");
  await writeFile(document, JSON.stringify(receipt));
  const verified = await runCli(["receipt", "verify", document, "--json"], {
    env: { EXPUNGE_DATA_DIR: dataDir },
  });
  expect(verified.code).toBe(0);
  expect(JSON.parse(verified.stdout)).toMatchObject({
    valid: true,
    amendments: [{ found: 1, deleted: 1, residue: 0 }],
  });
  expect(service.output).toContain("the database is older than this deletion");
  await service.stop();
}, 180_000);

it("what comes back after a deletion is removed and stated when it settles", async () => {
  await using dir = await temporaryDir();
  const dataDir = join(dir.path, "data");
  const service = await ServiceProcess.start(dataDir, { env: { EXPUNGE_SETTLE: "2s" } });
  const { uid } = await service.json("POST", "/v1/projects", { json: { id: "p1" }, status: 201 });
  const { id } = await service.json("DELETE", "/v1/projects/p1");
  const place = join(dataDir, "objects", "projects", String(uid));
  await mkdir(place, { recursive: true });
  await writeFile(join(place, "late"), "late");
  const settle = async (): Promise<unknown> =>
    (await service.json("GET", `/v1/deletions/${String(id)}`))["settle"];
  await expect.poll(settle, { timeout: WAIT_MS }).toMatchObject([{ result: "amended", found: 1 }]);
  expect(await filesBelow(place)).toEqual([]);
  const deletion = await service.json("GET", `/v1/deletions/${String(id)}`);
  expect(deletion["amendments"]).toHaveLength(1);
  await service.stop();
}, 120_000);

it("a project with a time to live is deleted by itself when it is over", async () => {
  await using dir = await temporaryDir();
  const service = await ServiceProcess.start(join(dir.path, "data"));
  const made = { json: { id: "p1", ttlSeconds: 1 }, status: 201 };
  await service.json("POST", "/v1/projects", made);
  await service.request("PUT", "/v1/projects/p1/files/a.txt", { body: "hello" });
  await expect
    .poll(async () => (await service.request("GET", "/v1/projects/p1")).status, {
      timeout: WAIT_MS,
    })
    .toBe(410);
  const { items } = await service.json("GET", "/v1/deletions");
  expect(items).toMatchObject([{ state: "completed", requestedBy: "expiry" }]);
  await service.stop();
}, 120_000);

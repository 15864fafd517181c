import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { filesBelow, plant, putFiles } from "../e2e/planting.ts";
import { runCli, ServiceProcess, temporaryDir } from "../support/service-process.ts";
import { armKill, died, STRUCK_BY_ORDER } from "./arming.ts";
import { bodyOfJws, hashOf } from "./check-deleted.ts";
import { CRASH_LIMITS } from "./limits.ts";
import { type Aim, nameOf, pointOf } from "./point-table.ts";
import { Slot } from "./rig.ts";

const FILES = 3;
const STRAYS = 2;
const UPLOADS = 1;
/** Every start of the embedded database takes a second or more: the stages that differ most. */
const AIMS: readonly Aim[] = [
  { point: pointOf("recordTombstone"), when: "before", nth: 1 },
  { point: pointOf("settleForFence"), when: "before", nth: 1 },
  { point: pointOf("recordPage"), when: "after", nth: 2 },
  { point: pointOf("remove"), when: "after", nth: 1 },
  { point: pointOf("eraseRows"), when: "after", nth: 1 },
  { point: pointOf("completeDeletion"), when: "after", nth: 1 },
];

it(
  "on the embedded database a deletion survives a kill at six of its stages, and counts exactly",
  { timeout: 240_000 },
  async () => {
    await using dir = await temporaryDir();
    const dataDir = join(dir.path, "data");
    const objectsDir = join(dataDir, "objects");
    await using slot = new Slot("embedded", dir.path, () =>
      ServiceProcess.start(dataDir, STRUCK_BY_ORDER),
    );
    await slot.start();
    await slot.service.json("POST", "/v1/projects", { json: { id: "stage" }, status: 201 });
    await putFiles(slot.service, "stage", FILES);
    let previous: string | null = null;
    for (const [i, aim] of AIMS.entries()) {
      const uid = await fill(slot.service, objectsDir, `stage${i}`);
      await strike(slot, `stage${i}`, aim, join(dir.path, `claim-${i}`));
      const jws = await receiptOf(slot, uid);
      const { sequence, totals, ...body } = bodyOfJws(jws);
      expect([sequence, body.previous], nameOf(aim.point)).toEqual([i + 1, previous]);
      expect(totals, nameOf(aim.point)).toMatchObject({
        deleted: FILES + STRAYS + UPLOADS,
        absent: 0,
      });
      expect(await filesBelow(join(objectsDir, "projects", uid))).toEqual([]);
      expect(await filesBelow(join(objectsDir, ".expunge", "uploads"))).toEqual([]);
      previous = hashOf(jws);
      const path = join(dir.path, "receipt.jws");
      await writeFile(path, jws);
      const env = { EXPUNGE_DATA_DIR: dataDir };
      const { code, stderr } = await runCli(["receipt", "verify", path], { env });
      expect(code, stderr).toBe(0);
    }
    for (let i = 0; i < FILES; i++) {
      const file = await slot.service.request("GET", `/v1/projects/stage/files/dir/${i}.txt`);
      expect(await file.text()).toBe(`file ${i} of stage`);
    }
    expect(slot.surprises).toEqual([]);
  },
);

async function fill(service: ServiceProcess, objectsDir: string, id: string): Promise<string> {
  const made = await service.json("POST", "/v1/projects", { json: { id }, status: 201 });
  const uid = String(made["uid"]);
  await putFiles(service, id, FILES);
  const json = { path: "direct", sizeBytes: 10 };
  await service.json("POST", `/v1/projects/${id}/uploads`, { json, status: 201 });
  await plant(objectsDir, `projects/${uid}/left`, STRAYS);
  return uid;
}

/** Requests the deletion, waits for the death that it brings about, and starts the service again. */
async function strike(slot: Slot, id: string, aim: Aim, claim: string): Promise<void> {
  const { child } = slot.service;
  await armKill(child, aim, claim);
  const requested = await slot.service.request("DELETE", `/v1/projects/${id}`, {
    headers: { prefer: "respond-async" },
  });
  expect(requested.status).toBe(202);
  await died(child);
  await slot.start();
}

/** The receipt, which comes by itself within the time that a restart may take. */
async function receiptOf({ service }: Slot, uid: string): Promise<string> {
  const ask = async (): Promise<Response> => await service.request("GET", `/v1/receipts/${uid}`);
  await expect
    .poll(async () => (await ask()).status, { timeout: CRASH_LIMITS.takeoverMs, interval: 50 })
    .toBe(200);
  const { receipt } = (await (await ask()).json()) as { readonly receipt: string };
  return receipt;
}

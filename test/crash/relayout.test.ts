import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { filesBelow, plant } from "../e2e/planting.ts";
import { ServiceProcess, temporaryDir } from "../support/service-process.ts";
import { armKill, died, STRUCK_BY_ORDER } from "./arming.ts";
import { CRASH_LIMITS } from "./limits.ts";
import { type Aim, pointOf } from "./point-table.ts";
import { Slot } from "./rig.ts";

const FILES = 3;

it(
  "a relayout survives a kill while it moves files and while it removes old objects, and loses nothing",
  { timeout: 240_000 },
  async () => {
    await using dir = await temporaryDir();
    const dataDir = join(dir.path, "data");
    const objectsDir = join(dataDir, "objects");
    const layouts = [{ name: "audio", template: "audio/{project}/**" }];
    await writeFile(join(dir.path, "expunge.config.json"), JSON.stringify({ layouts }));
    await using slot = new Slot("embedded", dir.path, () =>
      ServiceProcess.start(dataDir, { ...STRUCK_BY_ORDER, cwd: dir.path }),
    );
    await slot.start();
    await plant(objectsDir, "audio/p1", FILES);
    const adoption = await begin(slot, "/v1/adoptions", { minAge: "0s" });
    await ended(slot, `/v1/adoptions/${adoption}`);

    const relayout = await struck(slot, dir.path, "/v1/relayouts", aim("commitFileMove", 2));
    expect(await ended(slot, `/v1/relayouts/${relayout}`)).toMatchObject(all("copy"));
    await holds(slot, objectsDir, { old: FILES, copies: FILES });
    const finish = await struck(
      slot,
      dir.path,
      `/v1/relayouts/${relayout}/finish`,
      aim("releaseHeld", 2),
    );
    expect(await ended(slot, `/v1/relayouts/${finish}`)).toMatchObject(all("finish"));
    await holds(slot, objectsDir, { old: 0, copies: FILES });

    const deleted = await slot.service.json("DELETE", "/v1/projects/p1");
    expect(deleted).toMatchObject({ state: "completed" });
    await holdsNothing(objectsDir);
    expect(slot.surprises).toEqual([]);
  },
);

function aim(method: string, nth: number): Aim {
  return { point: pointOf(method), when: "after", nth };
}

function all(action: string): object {
  return { action, complete: true, objects: FILES, done: FILES, spared: 0 };
}

async function begin(slot: Slot, path: string, more: object = {}): Promise<string> {
  const json = { dryRun: false, ...more };
  return String((await slot.service.json("POST", path, { json, status: 202 }))["id"]);
}

/** Begins what is asked for, waits for the death that it brings about, and starts the service again. */
async function struck(slot: Slot, dir: string, path: string, at: Aim): Promise<string> {
  const { child } = slot.service;
  await armKill(child, at, join(dir, `claim-${at.point.method}`));
  // Its answer may die with the process.
  await Promise.allSettled([begin(slot, path)]);
  await died(child);
  await slot.start();
  const { items } = await slot.service.json("GET", "/v1/relayouts?limit=1");
  return (items as readonly { readonly id: string }[])[0]?.id ?? "none";
}

async function ended({ service }: Slot, path: string): Promise<Record<string, unknown>> {
  const options = { timeout: CRASH_LIMITS.takeoverMs, interval: 50 };
  await expect
    .poll(async () => (await service.json("GET", path))["state"], options)
    .toBe("completed");
  return await service.json("GET", path);
}

/** What lies in the directory once the jobs are through, and that every file is read as it was. */
async function holds(
  { service }: Slot,
  objectsDir: string,
  { old, copies }: { readonly old: number; readonly copies: number },
): Promise<void> {
  const counts = async (): Promise<readonly number[]> => {
    const below = ["audio", "projects", join(".expunge", "uploads")];
    return await Promise.all(
      below.map(async (name) => (await filesBelow(join(objectsDir, name))).length),
    );
  };
  const options = { timeout: CRASH_LIMITS.takeoverMs, interval: 50 };
  await expect.poll(counts, options).toEqual([old, copies, 0]);
  for (let i = 0; i < FILES; i++) {
    const path = encodeURIComponent(`audio/p1/stray-${i}`);
    const file = await service.request("GET", `/v1/projects/p1/files/${path}`);
    expect(await file.text()).toBe(`stray ${i}`);
  }
}

async function holdsNothing(objectsDir: string): Promise<void> {
  for (const name of ["audio", "projects"]) {
    expect(await filesBelow(join(objectsDir, name))).toEqual([]);
  }
}

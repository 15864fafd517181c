import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  checkFilesIntact,
  checkGone,
  checkPlantedIntact,
  type Fact,
} from "../../src/cli/demo/checks.ts";
import { playDemo } from "../../src/cli/demo/demo.ts";
import { directoryEye } from "../../src/cli/demo/eye.ts";
import { material, noise } from "../../src/cli/demo/material.ts";
import { Output } from "../../src/cli/output.ts";
import { Child, ioOf, temporaryDir } from "./harness.ts";

/** It takes a few seconds; this is for machines that do much else. */
const DEMO_TIMEOUT_MS = 120_000;
const UID = "01jd7x8k9m2n3p4q5r6s7t8v9w";
const PROJECT = {
  id: "demo1",
  uid: UID,
  planted: [material("audio/proj_demo1/voice.mp3", noise(100, 1))],
  uploads: ["upload-1"],
};

interface DemoDocument {
  readonly ok: boolean;
  readonly seconds: number;
  readonly facts: readonly Fact[];
}

test("the demo's check is content with a store in which nothing of the project is", async () => {
  const store = await temporaryDir();
  await mkdir(join(store, "projects/other"), { recursive: true });
  await writeFile(join(store, "projects/other/file"), "x");
  const facts = await checkGone(directoryEye(store), PROJECT, []);
  expect(facts.map(({ ok }) => ok)).toEqual([true, true, true, true]);
});

test.each([
  ["an object below the project's prefix", `projects/${UID}/deep/left.tmp`, 0],
  ["a legacy object", "audio/proj_demo1/voice.mp3", 1],
  ["a part of an open upload", ".expunge/uploads/upload-1/part-1", 2],
])("the demo's check finds %s that was left", async (_what, path, failing) => {
  const store = await temporaryDir();
  await mkdir(join(store, path, ".."), { recursive: true });
  await writeFile(join(store, path), "left");
  const facts = await checkGone(directoryEye(store), PROJECT, []);
  expect(facts.map(({ ok }) => ok)).toEqual([0, 1, 2, 3].map((at) => at !== failing));
});

test("the demo's check finds the project's bytes under any name", async () => {
  const store = await temporaryDir();
  const bytes = material("secret", noise(500, 7));
  await writeFile(join(store, "innocent"), bytes.bytes);
  const facts = await checkGone(directoryEye(store), PROJECT, [bytes]);
  expect(facts.at(-1)).toMatchObject({ ok: false, detail: "innocent" });
});

test("the demo's check takes a dangling link below the prefix for something that was left", async () => {
  const store = await temporaryDir();
  await mkdir(join(store, "projects", UID), { recursive: true });
  await symlink("nowhere", join(store, "projects", UID, "link"));
  const [below] = await checkGone(directoryEye(store), PROJECT, []);
  expect(below).toMatchObject({ ok: false });
});

test("the demo's check finds a sibling's object that was changed or removed", async () => {
  const store = await temporaryDir();
  expect(await checkPlantedIntact(directoryEye(store), PROJECT)).toMatchObject({ ok: false });
  await mkdir(join(store, "audio/proj_demo1"), { recursive: true });
  await writeFile(join(store, "audio/proj_demo1/voice.mp3"), "changed");
  expect(await checkPlantedIntact(directoryEye(store), PROJECT)).toMatchObject({ ok: false });
  await writeFile(join(store, "audio/proj_demo1/voice.mp3"), noise(100, 1));
  expect(await checkPlantedIntact(directoryEye(store), PROJECT)).toMatchObject({ ok: true });
});

test("the demo's check finds a sibling's file that is missing, foreign or changed", async () => {
  const stored = [material("a", noise(10, 1)), material("b", noise(10, 2))];
  const read = async (path: string): Promise<Uint8Array> => noise(10, path === "a" ? 1 : 2);
  const check = async (listed: readonly string[], reader = read): Promise<boolean> =>
    (await checkFilesIntact("demo10", stored, listed, reader)).ok;
  expect(await check(["a", "b"])).toBe(true);
  expect(await check(["a"])).toBe(false);
  expect(await check(["a", "b", "c"])).toBe(false);
  expect(await check(["a", "b"], async () => noise(10, 1))).toBe(false);
});

test(
  "the demo fails loudly when a planted object is left and one of the sibling is gone",
  { timeout: DEMO_TIMEOUT_MS },
  async () => {
    const io = ioOf();
    const code = await playDemo(new Output(io, false), null, {
      afterDeletion: async ({ eye }, gone) => {
        const [, , legacy] = gone.planted;
        if (!legacy) throw new Error("the demo planted nothing");
        await eye.put(legacy.path, legacy.bytes);
        await eye.remove("audio/proj_demo10/scene-1/voice.mp3");
      },
    });
    expect(code).toBe(1);
    const text = io.stdout.text;
    expect(text).toContain("FAIL no planted or legacy object of demo1 is left");
    expect(text).toContain("FAIL no file of the store holds bytes that only demo1 had");
    expect(text).toContain("FAIL every planted and legacy object of demo10 is intact");
    expect(text).toContain("ok   no path lies below projects/<uid of demo1>/");
    expect(text).toMatch(/Merkle root +[0-9a-f]{64}/);
    expect(text.trimEnd().split("\n").at(-1)).toMatch(/^demo: 3 of 13 facts do NOT hold: /);
    expect(io.stderr.text).toContain("not so");
  },
);

test(
  "the demo runs in a process of its own, holds all its facts and leaves nothing behind",
  { timeout: DEMO_TIMEOUT_MS },
  async () => {
    const dir = await temporaryDir();
    const child = new Child(["demo", "--json"], { env: { TMPDIR: dir } });
    const { code, stdout, stderr } = await child.end();
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const { ok, facts } = JSON.parse(stdout) as DemoDocument;
    expect(ok).toBe(true);
    expect(facts).toHaveLength(13);
    expect(facts.every((one) => one.ok)).toBe(true);
    expect(await readdir(dir)).toEqual([]);
  },
);

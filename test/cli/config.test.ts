import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { expunge, temporaryDir } from "./harness.ts";

test("config prints every effective value with its source, and no secret", async () => {
  const cwd = await temporaryDir();
  const env = { EXPUNGE_ADMIN_TOKEN: "very-secret-token", EXPUNGE_PORT: "4000" };
  const { code, stdout } = await expunge(["config", "--json"], { cwd, env });
  expect(code).toBe(0);
  expect(stdout).not.toContain("very-secret-token");
  const { settings } = JSON.parse(stdout) as { settings: { name: string; value: string }[] };
  const port = settings.find(({ name }) => name === "EXPUNGE_PORT");
  expect(port).toEqual({
    name: "EXPUNGE_PORT",
    value: "4000",
    source: "environment",
    origin: "EXPUNGE_PORT",
  });
  const plain = await expunge(["config"], { cwd, env });
  expect(plain.stdout).toMatch(/EXPUNGE_PORT +4000 +environment/);
});

async function withLayouts(layouts: readonly object[]): Promise<string> {
  const cwd = await temporaryDir();
  await writeFile(join(cwd, "expunge.config.json"), JSON.stringify({ layouts }));
  return cwd;
}

test("config refuses layouts with which the service would not start", async () => {
  const cwd = await withLayouts([{ name: "flat", template: "proj_{project}_*" }]);
  const { code, stderr } = await expunge(["config"], { cwd });
  expect(code).toBe(2);
  expect(stderr).toContain("ambiguous-layouts");
});

test("layouts check accepts a set that is proven unambiguous", async () => {
  const cwd = await withLayouts([{ name: "audio", template: "audio/proj_{project}/**" }]);
  const { code, stdout } = await expunge(["layouts", "check", "--json"], { cwd });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, layouts: [{ name: "audio" }] });
});

test("layouts check refuses a set with the key that belongs to two projects", async () => {
  const cwd = await withLayouts([{ name: "flat", template: "proj_{project}_*" }]);
  const { code, stdout } = await expunge(["layouts", "check", "--json"], { cwd });
  expect(code).toBe(2);
  const { error } = JSON.parse(stdout) as { error: Record<string, unknown> };
  expect(error).toMatchObject({ code: "ambiguous-layouts" });
  expect(error["key"]).toMatch(/^proj_/);
});

test.each([
  ["audio/proj_p1/a.mp3", { kind: "project", layout: "audio", projectId: "p1" }],
  ["audio/proj_p1/", { kind: "project", layout: "audio", projectId: "p1" }],
  [
    "projects/01jd7x8k9m2n3p4q5r6s7t8v9w/x",
    { kind: "project", layout: "canonical", projectUid: "01jd7x8k9m2n3p4q5r6s7t8v9w" },
  ],
  [".expunge/tombstones/x", { kind: "internal" }],
  ["else/x", { kind: "foreign" }],
])("layouts explain says whose the key %s is", async (key, wanted) => {
  const cwd = await withLayouts([{ name: "audio", template: "audio/proj_{project}/**" }]);
  const { code, stdout } = await expunge(["layouts", "explain", key, "--json"], { cwd });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ key, ...wanted });
});

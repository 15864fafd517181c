import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { complaintAboutNode, NODE_MIN } from "../../src/cli/node-version.ts";

test.each(["v20.20.2", "v22.17.1", "v18.0.0", "v0.12.0"])("%s is refused by name", (version) => {
  const complaint = complaintAboutNode(version);
  expect(complaint).toContain(`this is ${version}.`);
  expect(complaint).toContain("what to do: Install Node 24");
});

test.each(["v22.18.0", "v22.23.5", "v23.0.0", "v24.21.0", "v100.0.0-nightly"])(
  "%s will do",
  (version) => expect(complaintAboutNode(version)).toBeNull(),
);

test("it is the version that package.json and the checkout's own guard ask for", async () => {
  const read = async (path: string): Promise<string> =>
    await readFile(new URL(`../../${path}`, import.meta.url), "utf8");
  const { engines } = JSON.parse(await read("package.json")) as { engines: { node: string } };
  expect(engines.node).toBe(`>=${NODE_MIN.major}.${NODE_MIN.minor}`);
  expect(await read("scripts/guard.js")).toContain(`[${NODE_MIN.major}, ${NODE_MIN.minor}]`);
});

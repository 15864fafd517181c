import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

test("the client compiles with the types of the web and none of Node", async () => {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const project = join(ROOT, "test/client/browser/tsconfig.json");
  const run = promisify(execFile)(process.execPath, [tsc, "-p", project]);
  await expect(run).resolves.toMatchObject({ stdout: "" });
});

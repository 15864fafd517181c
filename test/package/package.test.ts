import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blankClusterPath } from "../../src/adapters/pglite/blank-cluster.ts";
import { temporaryDir } from "../support/service-process.ts";

const ROOT = join(import.meta.dirname, "../..");
const BIN = join(ROOT, "node_modules/.bin");
const PACKAGE_TIMEOUT_MS = 600_000;

const run = promisify(execFile);

/** An application with the packed package, and its dependencies by links: nothing is downloaded. */
let app: string;
let tarball: string;
let temporary: Awaited<ReturnType<typeof temporaryDir>> | null = null;

beforeAll(async () => {
  temporary = await temporaryDir();
  const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", temporary.path], {
    cwd: ROOT,
    shell: process.platform === "win32",
  });
  tarball = join(temporary.path, basename(stdout.trim().split("\n").at(-1) ?? ""));
  app = join(temporary.path, "app");
  const modules = join(app, "node_modules");
  await mkdir(modules, { recursive: true });
  for (const name of await readdir(join(ROOT, "node_modules"))) {
    if (name.startsWith(".") || name === "expunge") continue;
    await symlink(join(ROOT, "node_modules", name), join(modules, name), "junction");
  }
  await run("tar", ["-xzf", tarball, "-C", modules]);
  await cp(join(modules, "package"), join(modules, "expunge"), { recursive: true });
  await writeFile(join(app, "package.json"), JSON.stringify({ name: "app", type: "module" }));
}, PACKAGE_TIMEOUT_MS);

afterAll(async () => {
  await temporary?.[Symbol.asyncDispose]();
});

describe("the packed package", () => {
  it(
    "is imported by plain Node, and deletes by the engine alone",
    { timeout: PACKAGE_TIMEOUT_MS },
    async () => {
      const file = join(app, "use.js");
      const code = `
      import { createExpunge, openMemoryStore, VERSION } from "expunge";
      import { createDeletionEngine } from "expunge/engine";
      const store = openMemoryStore();
      await store.put("a", new Uint8Array(3));
      const engine = createDeletionEngine({ store, trackedKeys: () => ["a"] });
      const { state, surfaces } = await engine.delete("p1");
      console.log(JSON.stringify([typeof createExpunge, VERSION, state, surfaces[0].deleted]));`;
      await writeFile(file, code);
      const { stdout } = await run(process.execPath, [file], { cwd: app });
      const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
        version: string;
      };
      expect(JSON.parse(stdout)).toEqual(["function", version, "completed", 1]);
    },
  );

  it("has the cluster that an embedded database begins with, for the PGlite that it asks for", async () => {
    const built = await readdir(join(app, "node_modules/expunge/dist"));
    expect(built).toContain(basename(blankClusterPath()));
  });

  it.each(["nodenext", "bundler"])(
    "has types that an application compiles against: %s",
    { timeout: PACKAGE_TIMEOUT_MS },
    async (resolution) => {
      await cp(join(import.meta.dirname, "consumer.ts"), join(app, "consumer.ts"));
      const options = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--skipLibCheck"];
      const module = resolution === "bundler" ? "esnext" : "nodenext";
      const target = ["--target", "es2022", "--lib", "es2022,esnext.disposable", "--types", "node"];
      const how = ["--module", module, "--moduleResolution", resolution];
      const tsc = run(join(BIN, "tsc"), [...options, ...target, ...how, "consumer.ts"], {
        cwd: app,
      });
      await expect(tsc).resolves.toMatchObject({ stdout: "" });
    },
  );

  it(
    "resolves for every kind of importer but those before exports maps",
    async () => {
      const analysis = await checkPackage(createPackageFromTarballData(await readFile(tarball)));
      if (analysis.types === false) throw new Error("the package has no types");
      const problems = analysis.problems.filter(
        (problem) => !("resolutionKind" in problem) || problem.resolutionKind !== "node10",
      );
      // Node 22 requires a module as it imports it: there is no second format that could differ.
      expect([...new Set(problems.map(({ kind }) => kind))]).toEqual(["CJSResolvesToESM"]);
    },
    PACKAGE_TIMEOUT_MS,
  );
});

describe("docs/api", () => {
  it("is the report of the public API as it is now", { timeout: PACKAGE_TIMEOUT_MS }, async () => {
    const script = join(ROOT, "scripts/api-report.ts");
    await expect(run(process.execPath, [script, "--check"])).resolves.toMatchObject({ stderr: "" });
  });

  it.each(["expunge.api.md", "expunge-engine.api.md"])(
    "shows no export without a doc comment: %s",
    async (name) => {
      const report = await readFile(join(ROOT, "docs/api", name), "utf8");
      const undocumented = report.matchAll(/^\/\/ @public \(undocumented\)\n(.*)$/gm);
      expect([...undocumented].map(([, declaration]) => declaration)).toEqual([]);
      expect(report).toContain("export function createDeletionEngine(");
    },
  );
});

import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { expect, it } from "vitest";
import type { R2Bucket } from "../../src/engine.ts";
import { importsOf } from "../tidy/imports.ts";
import { sourcesOf } from "../tidy/source.ts";

const ROOT = join(import.meta.dirname, "../..");
const WORKER_TIMEOUT_MS = 300_000;

const WORKER = `
import { createDeletionEngine, openR2BindingStore } from "./src/engine.ts";

export default {
  async fetch(request, env) {
    const engine = createDeletionEngine({
      store: openR2BindingStore(env.BUCKET, "files"),
      trackedKeys: () => ["uploads/7", "uploads/never"],
      canonical: "projects/{project}/**",
    });
    const { state, surfaces } = await engine.delete("p1");
    return Response.json({ state, surfaces });
  },
};
`;

interface Module {
  readonly type: "ESModule";
  readonly path: string;
  readonly contents: string;
}

/** The worker with all that it loads, each module as it is, but for its types and the names of packages. */
function modulesOf(worker: string): Module[] {
  const modules = new Map<string, Module>();
  const visit = (path: string, text: string): void => {
    if (modules.has(path)) return;
    let contents = path.endsWith(".ts") ? stripTypeScriptTypes(text) : text;
    const found = new Map<string, string>();
    for (const { to, isOwn } of sourcesOf(new Map([[path, contents]])).flatMap(importsOf)) {
      const file = isOwn ? join(ROOT, to) : fileURLToPath(import.meta.resolve(to));
      found.set(to, file);
      if (isOwn) continue;
      const name = relative(join(ROOT, dirname(path)), file);
      contents = contents.replaceAll(`"${to}"`, `"${name.startsWith(".") ? name : `./${name}`}"`);
    }
    modules.set(path, { type: "ESModule", path: join(ROOT, path), contents });
    for (const file of found.values()) visit(relative(ROOT, file), readFileSync(file, "utf8"));
  };
  visit("worker.js", worker);
  return [...modules.values()];
}

it(
  "the engine alone deletes a project from within a Worker, by the binding of a bucket",
  { timeout: WORKER_TIMEOUT_MS },
  async () => {
    const miniflare = new Miniflare({
      modules: modulesOf(WORKER),
      modulesRoot: ROOT,
      compatibilityDate: "2026-01-01",
      r2Buckets: ["BUCKET"],
    });
    try {
      const bucket = (await miniflare.getR2Bucket("BUCKET")) as unknown as R2Bucket;
      const keys = ["projects/p1/a", "projects/p1/stray", "projects/p10/a", "uploads/7"];
      for (const key of keys) await bucket.put(key, new Uint8Array(5));
      const response = await miniflare.dispatchFetch("http://localhost/");
      expect(await response.json()).toMatchObject({
        state: "completed",
        surfaces: [
          { surface: "tracked", found: 1, deleted: 1, absent: 1 },
          { surface: "canonical", found: 2, deleted: 2 },
          { surface: "multipart", found: 0 },
        ],
      });
      const { objects } = await bucket.list();
      expect(objects.map(({ key }) => key)).toEqual(["projects/p10/a"]);
    } finally {
      await miniflare.dispose();
    }
  },
);

import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ConsoleFile, ConsoleFiles } from "../http/console-files.ts";
import { MINUTE_MS } from "../core/limits/units.ts";
import type { ObjectStore } from "../ports/object-store.ts";

/** The same from the source and from what is published. */
const BUILT = fileURLToPath(new URL("../../dist/console", import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The built console, or null where it was not built. */
export async function readConsole(store: ObjectStore, dir = BUILT): Promise<ConsoleFiles | null> {
  if (!existsSync(join(dir, "index.html"))) return null;
  const names = await readdir(join(dir, "assets"));
  const assets = names.filter((name) => extname(name) in TYPES);
  return {
    page: await readFileOf(join(dir, "index.html")),
    assets: new Map(
      await Promise.all(
        assets.map(
          async (name) => [`/assets/${name}`, await readFileOf(join(dir, "assets", name))] as const,
        ),
      ),
    ),
    storeOrigin: await originOf(store),
  };
}

async function readFileOf(path: string): Promise<ConsoleFile> {
  const compressed = async (ending: string): Promise<Buffer | null> =>
    existsSync(path + ending) ? await readFile(path + ending) : null;
  const [br, gzip] = [await compressed(".br"), await compressed(".gz")];
  return {
    type: TYPES[extname(path)] ?? "application/octet-stream",
    plain: await readFile(path),
    compressed: { ...(br ? { br } : {}), ...(gzip ? { gzip } : {}) },
  };
}

/** Where the parts of any upload go, as the store itself signs it; nothing is sent. */
async function originOf(store: ObjectStore): Promise<string | null> {
  const signed = await store.presignPart(".expunge/console", "none", 1, 1, MINUTE_MS);
  return signed === null ? null : new URL(signed.url).origin;
}

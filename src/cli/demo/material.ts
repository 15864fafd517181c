import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A file to store, and the hash by which it is known again. */
export interface Material {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sha256: string;
}

const FILES_MAX = 120;
const FILE_BYTES_MAX = 512 * 1024;
const SKIPPED: ReadonlySet<string> = new Set(["node_modules", ".git", "data", "coverage"]);

export function material(path: string, bytes: Uint8Array<ArrayBuffer>): Material {
  return { path, bytes, sha256: sha256Of(bytes) };
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The files of this very package: sources and documents in a checkout, else what was installed. */
export async function ownFiles(): Promise<readonly Material[]> {
  const root = packageRoot();
  // In a checkout `dist` only repeats the sources.
  const skipped = existsSync(join(root, "src")) ? new Set([...SKIPPED, "dist"]) : SKIPPED;
  const files: Material[] = [];
  for await (const path of filesBelow(root, "", skipped)) {
    const absolute = join(root, path);
    const { size } = await stat(absolute);
    if (size === 0 || size > FILE_BYTES_MAX) continue;
    files.push(material(path, new Uint8Array(await readFile(absolute))));
    if (files.length >= FILES_MAX) break;
  }
  return files;
}

function packageRoot(): string {
  let dir = import.meta.dirname;
  while (!existsSync(join(dir, "package.json")) && dirname(dir) !== dir) dir = dirname(dir);
  return dir;
}

async function* filesBelow(
  root: string,
  below: string,
  skipped: ReadonlySet<string>,
): AsyncGenerator<string> {
  const entries = await readdir(join(root, below), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!skipped.has(entry.name)) yield* filesBelow(root, path, skipped);
    } else if (entry.isFile()) yield path;
  }
}

/** Bytes that look random and are the same in every run (xorshift32, Marsaglia 2003). */
export function noise(sizeBytes: number, seed: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(sizeBytes / 4));
  let state = seed | 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer, 0, sizeBytes);
}

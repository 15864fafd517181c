// Puts a cluster that nobody has used yet into dist, for the embedded database to begin with: a first
// start need not run initdb, which takes seconds and a gigabyte of memory.
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { create } from "tar";
import { blankClusterPath } from "../src/adapters/pglite/blank-cluster.ts";
import { CLUSTER, openEmbedded } from "../src/adapters/pglite/open.ts";

/** Makes it where it is missing or of another version of PGlite; vitest calls it too. Two may at a time. */
export async function setup(): Promise<void> {
  const path = blankClusterPath();
  if (existsSync(path)) return;
  const dir = dirname(path);
  await mkdir(dir, { recursive: true });
  for (const name of await readdir(dir)) {
    if (name.startsWith("blank-cluster-") && name !== basename(path)) await rm(join(dir, name));
  }
  const file = join(dir, `.${process.pid}-${basename(path)}`);
  const scratch = await mkdtemp(join(tmpdir(), "expunge-blank-"));
  try {
    const made = await openEmbedded(scratch, async () => false);
    await made.close();
    await create({ gzip: { level: 9 }, file, cwd: join(scratch, CLUSTER), portable: true }, ["."]);
    await rename(file, path);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

if (import.meta.main) await setup();

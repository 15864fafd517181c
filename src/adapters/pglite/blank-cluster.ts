import { existsSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Beside the compiled sources, and found from the sources as well. */
const BUILT = fileURLToPath(new URL("../../../dist/", import.meta.url));

/**
 * Where the build puts a cluster that nobody has used yet. It holds for one version of PGlite only,
 * which its name says: another one makes its own.
 */
export function blankClusterPath(): string {
  const entry = createRequire(import.meta.url).resolve("@electric-sql/pglite");
  const manifest = readFileSync(join(dirname(entry), "..", "package.json"), "utf8");
  const { version } = JSON.parse(manifest) as { readonly version: string };
  return join(BUILT, `blank-cluster-${version}.tar.gz`);
}

/**
 * Unpacks the cluster that the build made, since initdb takes seconds and a gigabyte of memory.
 * @returns false where there is none, as in a checkout that was never built: then nothing was written
 */
export async function unpackBlankCluster(into: string): Promise<boolean> {
  const file = blankClusterPath();
  if (!existsSync(file)) return false;
  const { extract } = await import("tar");
  await mkdir(into);
  await extract({ file, cwd: into, strict: true });
  return true;
}

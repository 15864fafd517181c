import type { Eye } from "./eye.ts";
import { type Material, sha256Of } from "./material.ts";

/** The independent check: it looks at the store by other code than expunge's own (`eye.ts`). */

/** Something that must be so, and what was seen. */
export interface Fact {
  readonly fact: string;
  readonly ok: boolean;
  readonly detail: string;
}

export function fact(text: string, ok: boolean, detail: string): Fact {
  return { fact: text, ok, detail };
}

/** What lies in the store for one project, besides what its rows name. */
export interface InStore {
  readonly id: string;
  readonly uid: string;
  /** Objects below its canonical prefix and in the legacy layout, put there past expunge. */
  readonly planted: readonly Material[];
  /** Its open uploads, as the eye tells them apart. */
  readonly uploads: readonly string[];
}

/** That nothing of a deleted project remains: no path, no upload, and nowhere its bytes. */
export async function checkGone(
  eye: Eye,
  project: InStore,
  ownBytes: readonly Material[],
): Promise<readonly Fact[]> {
  const files = await eye.files();
  const below = files.filter((path) => path.startsWith(`projects/${project.uid}/`));
  const planted = new Set(project.planted.map(({ path }) => path));
  const legacy = files.filter((path) => planted.has(path));
  const open = (await eye.openUploads()).filter((upload) => project.uploads.includes(upload));
  const hashes = new Set([...project.planted, ...ownBytes].map(({ sha256 }) => sha256));
  const same: string[] = [];
  for (const path of files) {
    const hash = await hashOf(eye, path);
    if (hash !== null && hashes.has(hash)) same.push(path);
  }
  const { id } = project;
  return [
    fact(`no path lies below projects/<uid of ${id}>/`, below.length === 0, shown(below)),
    fact(`no planted or legacy object of ${id} is left`, legacy.length === 0, shown(legacy)),
    fact(`no open upload of ${id} is left`, open.length === 0, shown(open)),
    fact(`no file of the store holds bytes that only ${id} had`, same.length === 0, shown(same)),
  ];
}

/** That what was planted beside a project that was not deleted is there, byte for byte. */
export async function checkPlantedIntact(eye: Eye, project: InStore): Promise<Fact> {
  const wrong: string[] = [];
  for (const { path, sha256 } of project.planted) {
    if ((await hashOf(eye, path)) !== sha256) wrong.push(path);
  }
  return fact(
    `every planted and legacy object of ${project.id} is intact`,
    wrong.length === 0,
    wrong.length === 0 ? `${project.planted.length} objects` : shown(wrong),
  );
}

/** That every file reads back as it was stored, and that no other is listed. */
export async function checkFilesIntact(
  id: string,
  stored: readonly Material[],
  listed: readonly string[],
  read: (path: string) => Promise<Uint8Array>,
): Promise<Fact> {
  const wrong: string[] = [];
  for (const { path, sha256 } of stored) {
    if (sha256Of(await read(path)) !== sha256) wrong.push(path);
  }
  const wanted = new Set(stored.map(({ path }) => path));
  const missing = [...wanted].filter((path) => !listed.includes(path));
  const foreign = listed.filter((path) => !wanted.has(path));
  const all = [...new Set([...wrong, ...missing, ...foreign])];
  return fact(
    `every file of ${id} reads back byte for byte`,
    all.length === 0,
    all.length === 0 ? `${stored.length} files by SHA-256` : shown(all),
  );
}

async function hashOf(eye: Eye, path: string): Promise<string | null> {
  const bytes = await eye.read(path);
  return bytes === null ? null : sha256Of(bytes);
}

function shown(paths: readonly string[]): string {
  if (paths.length === 0) return "none";
  const more = paths.length > 5 ? ` and ${paths.length - 5} more` : "";
  return paths.slice(0, 5).join(", ") + more;
}

import type { Instant, ProjectState } from "./model.ts";

/** What an adoption was asked for. */
export interface AdoptionRequest {
  /** Makes nothing: it counts what would be made, and says what would be refused. */
  readonly dryRun: boolean;
  /** Whom the projects belong to that it makes. */
  readonly owner: string;
  /** Younger objects are left to a later adoption: they may be half written. */
  readonly minAgeMs: number;
  /** Only keys that begin with this; empty: all. */
  readonly prefix: string;
}

/**
 * Why an object that a layout gives to a project gets no row. `invalid-path`: its key cannot be the path
 * of a file. `path-taken`: the project has a file there. `changed`: it is not what the listing showed.
 * `unreadable`: the store does not let it be looked at. `project-deleted`: it is residue.
 */
export type AdoptionRefusal =
  | "invalid-path"
  | "path-taken"
  | "changed"
  | "unreadable"
  | "project-not-active"
  | "project-deleted";

export interface AdoptionCounts {
  /** Objects that were listed, and their bytes. */
  readonly objects: number;
  readonly bytes: number;
  /** Objects that got a row, or would get one. */
  readonly adopted: number;
  readonly adoptedBytes: number;
  /** Projects of those, and those of them that were made for it. */
  readonly projects: number;
  readonly newProjects: number;
  /** Objects that a row names already. */
  readonly known: number;
  readonly young: number;
  readonly refused: number;
  /** Keys that no layout explains. */
  readonly foreign: number;
  /** Canonical keys that no row names: never adopted. */
  readonly orphans: number;
  /** Requests of the store: pages of listings; looks at single objects, or how many there would be. */
  readonly lists: number;
  readonly looks: number;
}

export const NO_ADOPTIONS: AdoptionCounts = {
  objects: 0,
  bytes: 0,
  adopted: 0,
  adoptedBytes: 0,
  projects: 0,
  newProjects: 0,
  known: 0,
  young: 0,
  refused: 0,
  foreign: 0,
  orphans: 0,
  lists: 0,
  looks: 0,
};

/** Why a run ended before it had seen everything. */
export interface RunFailure {
  readonly code: string;
  readonly message: string;
}

/** What an adoption has done so far, written down with the rows that it made. */
export interface AdoptionProgress {
  /** Everything up to and with this key is done. */
  readonly after: string | null;
  readonly isListed: boolean;
  readonly counts: AdoptionCounts;
  readonly failure: RunFailure | null;
}

export const ADOPTION_BEGINS: AdoptionProgress = {
  after: null,
  isListed: false,
  counts: NO_ADOPTIONS,
  failure: null,
};

/** The sum of counts, field by field. */
export function addAdoptions(a: AdoptionCounts, b: Partial<AdoptionCounts>): AdoptionCounts {
  const sum = { ...a };
  for (const field of Object.keys(NO_ADOPTIONS) as (keyof AdoptionCounts)[]) {
    sum[field] = a[field] + (b[field] ?? 0);
  }
  return sum;
}

/** A file that is to be made of an object. */
export interface AdoptableFile {
  readonly fileUid: string;
  readonly projectId: string;
  readonly path: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly contentType: string;
  readonly etag: string;
  /** By the store's clock. */
  readonly modifiedAt: Instant;
}

/** What the rows say of what is to be adopted, seen in the transaction that adopts. */
export interface AdoptionGround {
  /** Null where there is no such project and none is made. */
  readonly stateOf: (projectId: string) => ProjectState | null;
  readonly isNamed: (key: string) => boolean;
  readonly isTaken: (projectId: string, path: string) => boolean;
}

export interface AdoptionVerdict {
  readonly adopted: readonly AdoptableFile[];
  readonly known: number;
  readonly refused: readonly { readonly file: AdoptableFile; readonly code: AdoptionRefusal }[];
}

/** Decides which of the objects get a row: the one rule, for every database and for the dry run. */
export function judgeAdoption(
  files: readonly AdoptableFile[],
  ground: AdoptionGround,
): AdoptionVerdict {
  const adopted: AdoptableFile[] = [];
  const refused: { file: AdoptableFile; code: AdoptionRefusal }[] = [];
  const keys = new Set<string>();
  const paths = new Set<string>();
  let known = 0;
  for (const file of files) {
    const { projectId, path, key } = file;
    const state = ground.stateOf(projectId);
    // No id holds a '/', and no path a NUL.
    const place = `${projectId}/${path}`;
    if (ground.isNamed(key) || keys.has(key)) known++;
    else if (state === "deleted") refused.push({ file, code: "project-deleted" });
    else if (state !== null && state !== "active") {
      refused.push({ file, code: "project-not-active" });
    } else if (ground.isTaken(projectId, path) || paths.has(place)) {
      refused.push({ file, code: "path-taken" });
    } else {
      adopted.push(file);
      keys.add(key);
      paths.add(place);
    }
  }
  return { adopted, known, refused };
}

/** Of each project of these files: how many, and their bytes. */
export function byProject(
  files: readonly AdoptableFile[],
): ReadonlyMap<string, { readonly objects: number; readonly bytes: number }> {
  const sums = new Map<string, { objects: number; bytes: number }>();
  for (const { projectId, sizeBytes } of files) {
    const { objects, bytes } = sums.get(projectId) ?? { objects: 0, bytes: 0 };
    sums.set(projectId, { objects: objects + 1, bytes: bytes + sizeBytes });
  }
  return sums;
}

import type { MemoryMetadataStore } from "../../src/adapters/memory/metadata-store.ts";
import type { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { explainKey, type LayoutSet } from "../../src/core/layouts/index.ts";
import type { SimulatedCdn } from "./cdn.ts";
import type { World } from "./world.ts";

/** What the clients of one run were told: the history that the checkers hold against the end. */
export interface ProjectModel {
  readonly id: string;
  readonly uid: string;
  /** For each path, every content that may rightly be read at the end; null stands for no file. */
  readonly files: Map<string, Set<string | null>>;
  /** Objects planted beside expunge: untracked ones below its prefix, and legacy ones. */
  readonly planted: Map<string, string>;
  /** Legacy keys that files were made of: a relayout, or the end of the file, may remove them. */
  readonly adopted: Set<string>;
  /** Whether a request for deletion was sent, whatever was answered. */
  deletionRequested: boolean;
  /** Before this, by any request that was sent, nothing may be purged (I6). */
  purgeNotBefore: number;
}

export interface Violation {
  readonly invariant: string;
  readonly what: string;
}

export class Violations {
  readonly found: Violation[] = [];

  add(invariant: string, what: string): void {
    this.found.push({ invariant, what });
  }
}

/** What was lost of one project after its purge began: what its receipt must account for. */
export class Losses {
  readonly #byProject = new Map<string, Set<string>>();

  add(uid: string, unit: string): void {
    const units = this.#byProject.get(uid) ?? new Set();
    this.#byProject.set(uid, units.add(unit));
  }

  of(uid: string): number {
    return this.#byProject.get(uid)?.size ?? 0;
  }

  /** Of units that begin with a key and a NUL: the versions beside the first of each key. */
  versionsOf(uid: string): number {
    const units = [...(this.#byProject.get(uid) ?? [])];
    return units.length - new Set(units.map((unit) => unit.slice(0, unit.indexOf("\0")))).size;
  }
}

/** A database that was put back to an earlier moment. */
export interface Restored {
  /** How often: a connection from before is closed. */
  readonly times: number;
  /** The projects that had a tombstone then: none of them may come to life again (I11). */
  readonly buried: ReadonlySet<string>;
}

/** The two stores of one run as they really are, and what the checkers keep of their history. */
export interface Ground {
  readonly world: World;
  readonly objects: MemoryObjectStore;
  readonly metadata: MemoryMetadataStore;
  readonly layouts: LayoutSet;
  readonly projects: ProjectModel[];
  /** null: none stands before the store. */
  readonly cdn: SimulatedCdn | null;
  /** Whether the store kept versions from the start. */
  readonly versioned: boolean;
  /** Which backup the database was put back from; null while it never was. */
  restored: Restored | null;
  /** Objects that others put where a deleted project's lay, after its receipt. */
  readonly returned: Map<string, number>;
  /** Of each deletion the last claim under which a failure was recorded. */
  readonly blockedBy: Map<string, number>;
  /** Whether every listing has more than one page, also one that shows nothing. */
  readonly isPaged: boolean;
  /** Clients that have not ended their part. */
  playing: number;
  readonly violations: Violations;
  /** Objects, versions and markers. */
  readonly losses: Losses;
  /** Those of them that no deletion removed: a late removal of a single file. */
  readonly lostBeside: Losses;
  /** Uploads that ended while the deletion ran, and those that it ended itself and that held parts. */
  readonly uploadsLost: Losses;
  readonly partsLost: Losses;
  /** How often each thing happened that must happen. */
  readonly hits: Map<string, number>;
}

export function hit(ground: Pick<Ground, "hits">, what: string): void {
  ground.hits.set(what, (ground.hits.get(what) ?? 0) + 1);
}

const CANONICAL = "projects/";

/** The uid of the project that a key belongs to, by whichever layout; null for none. */
export function uidOfKey({ layouts, projects }: Ground, key: string): string | null {
  if (key.startsWith(CANONICAL)) return key.split("/")[1] ?? null;
  const explained = explainKey(layouts, key);
  if (!explained) return null;
  if ("projectUid" in explained) return explained.projectUid;
  return projects.find(({ id }) => id === explained.projectId)?.uid ?? null;
}

/** Whatever of a project still lies in the store, in words. */
export function* remainsOf(
  { layouts, objects, versioned }: Ground,
  project: { readonly id: string; readonly uid: string },
): Generator<string> {
  const view = objects.view();
  const surfaces = layouts.surfacesFor(project);
  for (const { prefix, owns } of surfaces) {
    for (const key of view.keysBelow(prefix)) if (owns(key)) yield `the object ${key}`;
    for (const [, { key, versionId, isDeleteMarker }] of view.versionsBelow(prefix)) {
      // Where versioning was turned on in the midst, a removal that lands late leaves a marker, which
      // holds nothing; the settling of the deletion finds it.
      if (isDeleteMarker && !versioned) continue;
      if (owns(key)) yield `the version ${versionId} of ${key}`;
    }
  }
  for (const { key, parts } of view.uploads.values()) {
    // An upload that was created late has no part, and no one ever learned its id (R1).
    if (parts.size > 0 && surfaces.some(({ owns }) => owns(key))) yield `a part of ${key}`;
  }
}

/** The content of a file, small and told apart from every other. */
export function contentOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

import { LIMITS } from "../core/limits.ts";
import type { Surface } from "../core/model.ts";
import type { Context } from "./context.ts";
import { uploadPages, versionPages } from "./listing.ts";
import {
  allSurfaces,
  type ProjectRef,
  surveyListing,
  surveyUncovered,
  uncoveredKeys,
} from "./purge/survey.ts";
import { isObject, keepsVersions, versionsOfKey } from "./versions.ts";

export interface PlanSurface {
  readonly surface: Surface;
  readonly objects: number;
  readonly bytes: number;
  readonly sampleKeys: readonly string[];
}

/** What a deletion of the project would remove now, listed from the store. */
export interface Plan {
  readonly projectId: string;
  readonly objects: number;
  readonly bytes: number;
  readonly surfaces: readonly PlanSurface[];
}

/**
 * Counts what lies on every surface, without changing anything. With `objectsMax` the counting stops
 * there: enough to refuse a deletion that is larger than its caller expects.
 */
export async function makePlan(
  context: Context,
  project: ProjectRef,
  objectsMax = Number.MAX_SAFE_INTEGER,
): Promise<Plan> {
  const versioned = await keepsVersions(context, true);
  const tally = new Tally(allSurfaces(context, project, versioned));
  const listings = context.layouts.surfacesFor(project);
  for await (const { key, entry } of surveyUncovered(context, project)) {
    if (entry) tally.add("tracked", key, entry.sizeBytes);
  }
  for (const listing of listings) {
    for await (const pages of surveyListing(context, project, listing)) {
      for (const { surface, entries } of pages) {
        for (const { key, sizeBytes } of entries) tally.add(surface, key, sizeBytes);
      }
      if (tally.objects >= objectsMax) return tally.plan(project.id);
    }
  }
  for (const prefix of new Set(listings.map((one) => one.prefix))) {
    const own = (key: string): boolean =>
      listings.some((one) => one.prefix === prefix && one.owns(key));
    for await (const entries of uploadPages(context, prefix)) {
      for (const { key } of entries) if (own(key)) tally.add("multipart", key, 0);
    }
    if (!versioned) continue;
    for await (const entries of versionPages(context, prefix)) {
      for (const entry of entries) {
        // What shows as an object is counted as one above.
        if (own(entry.key) && !isObject(entry)) tally.add("versions", entry.key, entry.sizeBytes);
      }
    }
  }
  if (versioned) await countUncovered(context, project, tally);
  return tally.plan(project.id);
}

/** Older versions and markers of tracked keys that lie on no listing surface. */
async function countUncovered(context: Context, project: ProjectRef, tally: Tally): Promise<void> {
  for await (const { key } of uncoveredKeys(context, project)) {
    for await (const version of versionsOfKey(context, key)) {
      if (!isObject(version)) tally.add("versions", key, version.sizeBytes);
    }
  }
}

class Tally {
  readonly #surfaces: Map<Surface, { objects: number; bytes: number; sampleKeys: string[] }>;

  constructor(surfaces: readonly Surface[]) {
    this.#surfaces = new Map(
      surfaces.map((surface) => [surface, { objects: 0, bytes: 0, sampleKeys: [] }]),
    );
  }

  get objects(): number {
    let objects = 0;
    for (const counts of this.#surfaces.values()) objects += counts.objects;
    return objects;
  }

  add(surface: Surface, key: string, sizeBytes: number): void {
    const counts = this.#surfaces.get(surface) ?? { objects: 0, bytes: 0, sampleKeys: [] };
    this.#surfaces.set(surface, counts);
    counts.objects++;
    counts.bytes += sizeBytes;
    if (counts.sampleKeys.length < LIMITS.sampleKeysShown) counts.sampleKeys.push(key);
  }

  plan(projectId: string): Plan {
    const surfaces = [...this.#surfaces].map(([surface, counts]) => ({ surface, ...counts }));
    const bytes = surfaces.reduce((sum, counts) => sum + counts.bytes, 0);
    return { projectId, objects: this.objects, bytes, surfaces };
  }
}

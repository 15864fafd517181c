import { ExpungeError } from "../core/errors.ts";
import { known } from "../core/known.ts";
import { LIMITS } from "../core/limits.ts";
import type { Surface } from "../core/model.ts";
import { type CdnTargets, cdnTargets } from "./cdn.ts";
import { uploadPages } from "./listing.ts";
import type { ProjectRef, SurveyContext } from "./purge/run.ts";
import { allSurfaces, surveyListing, surveyUncovered, uploadListings } from "./purge/survey.ts";
import {
  attributedBatches,
  ownVersions,
  type Survey,
  uncoveredVersions,
} from "./purge/survey-versions.ts";
import { keepsVersions, listsUploads } from "./versions.ts";

/** What of a plan lies on one surface. */
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
  context: SurveyContext,
  project: ProjectRef,
  objectsMax = Number.MAX_SAFE_INTEGER,
  signal?: AbortSignal,
): Promise<Plan> {
  const survey = { context, project, ...(signal ? { signal } : {}) };
  const versioned = await keepsVersions(context, true, signal);
  const listings = context.layouts.surfacesFor(project);
  const cdn = context.cdn ? cdnTargets(context.cdn, listings) : null;
  const tally = new Tally(allSurfaces(context, project, versioned), cdn);
  if (versioned) await countVersions(survey, tally, objectsMax);
  else await countObjects(survey, tally, objectsMax);
  if (tally.objects < objectsMax) await countUploads(survey, tally);
  return tally.plan(project.id);
}

async function countObjects(
  { context, project, signal }: Survey,
  tally: Tally,
  objectsMax: number,
): Promise<void> {
  for await (const { key, entry } of surveyUncovered(context, project, signal)) {
    if (entry) tally.add("tracked", key, entry.sizeBytes);
  }
  for (const listing of context.layouts.surfacesFor(project)) {
    for await (const pages of surveyListing(context, project, listing, signal)) {
      for (const { surface, entries } of pages) {
        for (const { key, sizeBytes } of entries) tally.add(surface, key, sizeBytes);
      }
      if (tally.objects >= objectsMax) return;
    }
  }
}

/** As the deletion counts: of each key one version as the object, the others as `versions`. */
async function countVersions(survey: Survey, tally: Tally, objectsMax: number): Promise<void> {
  const { context, project } = survey;
  const sources = [
    { surface: "tracked" as const, versions: uncoveredVersions(survey) },
    ...context.layouts.surfacesFor(project).map((listing) => ({
      surface: listing.surface,
      versions: ownVersions(survey, listing),
    })),
  ];
  for (const { surface, versions } of sources) {
    for await (const batch of attributedBatches(survey, surface, versions)) {
      for (const { surface, version } of batch) tally.add(surface, version.key, version.sizeBytes);
      if (tally.objects >= objectsMax) return;
    }
  }
}

async function countUploads({ context, project, signal }: Survey, tally: Tally): Promise<void> {
  if (!(await listsUploads(context, signal))) return;
  const listings = uploadListings(context, project);
  for (const prefix of new Set(listings.map((one) => one.prefix))) {
    for await (const entries of uploadPages(context, prefix, signal)) {
      for (const { key } of entries) {
        const isOwn = listings.some((one) => one.prefix === prefix && one.owns(key));
        if (isOwn) tally.add("multipart", key, 0);
      }
    }
  }
}

class Tally {
  readonly #surfaces: Map<Surface, { objects: number; bytes: number; sampleKeys: string[] }>;
  readonly #cdn: CdnTargets | null;

  constructor(surfaces: readonly Surface[], cdn: CdnTargets | null) {
    this.#cdn = cdn;
    this.#surfaces = new Map(
      surfaces.map((surface) => [surface, { objects: 0, bytes: 0, sampleKeys: [] }]),
    );
    for (const prefix of cdn?.prefixes ?? []) this.#count("cdn", prefix, 0);
  }

  /** Purges are no objects. */
  get objects(): number {
    let objects = 0;
    for (const [surface, counts] of this.#surfaces) {
      if (surface !== "cdn") objects += counts.objects;
    }
    return objects;
  }

  add(surface: Surface, key: string, sizeBytes: number): void {
    this.#count(surface, key, sizeBytes);
    // Of a key's versions one stands for the object, which has the URL.
    if (this.#cdn === null || surface === "multipart" || surface === "versions") return;
    const target = this.#cdn.of(key);
    if (!this.#cdn.prefixes.includes(target)) this.#count("cdn", target, 0);
  }

  #count(surface: Surface, key: string, sizeBytes: number): void {
    const counts = known(this.#surfaces.get(surface), `the surface ${surface}`);
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

/** The refusal of a deletion that is larger than its caller expects. */
export function tooManyObjects(maxObjects: number): ExpungeError {
  return new ExpungeError(
    "too-many-objects",
    `The project has more than the ${maxObjects} objects that were allowed; nothing was changed.`,
    { details: { maxObjects } },
  );
}

import type { SurfaceListing } from "../../core/layouts/index.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Surface } from "../../core/model.ts";
import { versionUnit } from "../../core/removal-log.ts";
import type { VersionEntry } from "../../ports/object-store.ts";
import { versionPages } from "../listing.ts";
import { representatives, type Told, versionsOfKey } from "../versions.ts";
import type { ProjectRef, SurveyContext } from "./run.ts";
import { uncoveredKeys } from "./survey.ts";

/** Whose versions, and where. */
export interface Survey {
  readonly context: SurveyContext;
  readonly project: ProjectRef;
  readonly signal?: AbortSignal;
}

/** A version, the surface that it counts on, and what stands for it in the log. */
export interface Attributed {
  readonly version: VersionEntry;
  readonly surface: Surface;
  readonly unit: string;
}

/** Versions below the listing's prefix that belong to the project (I4). */
export async function* ownVersions(
  { context, signal }: Omit<Survey, "project">,
  listing: SurfaceListing,
): AsyncGenerator<VersionEntry> {
  for await (const entries of versionPages(context, listing.prefix, signal)) {
    for (const entry of entries) if (listing.owns(entry.key)) yield entry;
  }
}

/** Versions of tracked keys that no listing surface covers. */
export async function* uncoveredVersions(survey: Survey): AsyncGenerator<VersionEntry> {
  const { context, project, signal } = survey;
  for await (const { key } of uncoveredKeys(context, project)) {
    yield* versionsOfKey(context, key, signal);
  }
}

/**
 * The versions in batches that one removal takes, each with its surface. The object of a key is one
 * thing, whether the store kept versions of it or not.
 */
export async function* attributedBatches(
  survey: Survey,
  own: Surface,
  versions: AsyncIterable<VersionEntry>,
): AsyncGenerator<readonly Attributed[]> {
  let batch: Told[] = [];
  for await (const told of representatives(versions)) {
    batch.push(told);
    if (batch.length < LIMITS.removeBatchKeys) continue;
    yield await attribute(survey, own, batch);
    batch = [];
  }
  if (batch.length > 0) yield await attribute(survey, own, batch);
}

async function attribute(
  { context, project }: Survey,
  own: Surface,
  batch: readonly Told[],
): Promise<readonly Attributed[]> {
  const objects = batch.filter((told) => told.isRepresentative).map(({ version }) => version.key);
  const tracked = await context.metadata.whichTracked(project.uid, objects);
  return batch.map(({ version, isRepresentative }) => {
    const { key, versionId } = version;
    if (!isRepresentative) {
      return { version, surface: "versions", unit: versionUnit(key, versionId) };
    }
    return { version, surface: tracked.has(key) ? "tracked" : own, unit: key };
  });
}

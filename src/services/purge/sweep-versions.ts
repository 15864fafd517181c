import type { SurfaceListing } from "../../core/layouts/index.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Residue, Surface } from "../../core/model.ts";
import { versionUnit } from "../../core/removal-log.ts";
import type { VersionEntry } from "../../ports/object-store.ts";
import { versionPages } from "../listing.ts";
import { inPool } from "../pool.ts";
import { removeVersions } from "../removing.ts";
import { representatives, type Told, versionsOfKey } from "../versions.ts";
import { noteRemoved, recordPage } from "./page.ts";
import type { PurgeRun } from "./run.ts";
import { uncoveredKeys } from "./survey.ts";

/**
 * Empties a listing surface of a store that keeps versions, version by version: a plain removal would
 * only add a marker. Of each key one version stands for its object and counts on the surface where an
 * object of any other store would; the others and the markers count as `versions`.
 */
export async function sweepVersions(
  run: PurgeRun,
  listing: SurfaceListing,
): Promise<readonly Residue[]> {
  return await removeInBatches(run, listing.surface, ownVersions(run, listing));
}

/** The same for tracked keys that no listing surface covers. */
export async function sweepUncoveredVersions(run: PurgeRun): Promise<readonly Residue[]> {
  const { context, signal } = run;
  const versions = async function* (): AsyncGenerator<VersionEntry> {
    for await (const { key } of uncoveredKeys(context, run.project)) {
      yield* versionsOfKey(context, key, signal);
    }
  };
  return await removeInBatches(run, "tracked", versions());
}

/** Versions below the listing's prefix that belong to the project (I4). */
export async function* ownVersions(
  { context, signal }: Pick<PurgeRun, "context" | "signal">,
  listing: SurfaceListing,
): AsyncGenerator<VersionEntry> {
  for await (const entries of versionPages(context, listing.prefix, signal)) {
    for (const entry of entries) if (listing.owns(entry.key)) yield entry;
  }
}

/** A version, the surface that it counts on, and what stands for it in the log. */
interface Attributed {
  readonly version: VersionEntry;
  readonly surface: Surface;
  readonly unit: string;
}

/**
 * Batches are recorded one after the other and removed several at a time: whatever is removed was
 * recorded, and so were all younger versions of its key.
 */
async function removeInBatches(
  run: PurgeRun,
  own: Surface,
  versions: AsyncIterable<VersionEntry>,
): Promise<readonly Residue[]> {
  const residue: Residue[] = [];
  await inPool(LIMITS.sweepPagesInFlight, async (add) => {
    const flush = async (batch: readonly Told[]): Promise<void> => {
      const surfaces = [...Map.groupBy(await attribute(run, own, batch), ({ surface }) => surface)];
      for (const [surface, entries] of surfaces) {
        const units = entries.map(({ unit, version }) => ({ unit, sizeBytes: version.sizeBytes }));
        await recordPage(run, surface, units);
      }
      for (const [surface, entries] of surfaces) {
        await add(async () => {
          const asked = entries.map(({ version }) => version);
          const removed = await removeVersions(run.context, asked, run.signal);
          residue.push(...(await noteRemoved(run, surface, asked.length, removed)));
        });
      }
    };
    let batch: Told[] = [];
    for await (const told of representatives(versions)) {
      batch.push(told);
      if (batch.length < LIMITS.removeBatchKeys) continue;
      await flush(batch);
      batch = [];
    }
    if (batch.length > 0) await flush(batch);
  });
  return residue;
}

/** The object of a key is one thing in the log, whether the store kept versions of it or not. */
async function attribute(
  run: PurgeRun,
  own: Surface,
  batch: readonly Told[],
): Promise<readonly Attributed[]> {
  const objects = batch.filter((told) => told.isRepresentative).map(({ version }) => version.key);
  const tracked = await run.context.metadata.whichTracked(run.project.uid, objects);
  return batch.map(({ version, isRepresentative }) => {
    const { key, versionId } = version;
    if (!isRepresentative) {
      return { version, surface: "versions", unit: versionUnit(key, versionId) };
    }
    return { version, surface: tracked.has(key) ? "tracked" : own, unit: key };
  });
}

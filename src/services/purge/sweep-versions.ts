import type { SurfaceListing } from "../../core/layouts/index.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Residue, Surface } from "../../core/model.ts";
import { versionUnit } from "../../core/removal-log.ts";
import type { VersionEntry } from "../../ports/object-store.ts";
import { versionPages } from "../listing.ts";
import { inPool } from "../pool.ts";
import { removeVersions } from "../removing.ts";
import { isObject, newestLast, versionsOfKey } from "../versions.ts";
import { noteRemoved, recordPage } from "./page.ts";
import type { PurgeRun } from "./run.ts";
import { uncoveredKeys } from "./survey.ts";

/**
 * Empties a listing surface of a store that keeps versions, version by version: a plain removal would
 * only add a marker. What a plain listing shows as the object counts on its own surface, as on any
 * other store; older versions and markers count as `versions`.
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

/** A version and the surface that it counts on. */
interface Attributed {
  readonly version: VersionEntry;
  readonly surface: Surface;
}

/**
 * Batches are recorded one after the other and removed several at a time: whatever is removed was
 * recorded, and all older versions of its key before it.
 */
async function removeInBatches(
  run: PurgeRun,
  own: Surface,
  versions: AsyncIterable<VersionEntry>,
): Promise<readonly Residue[]> {
  const residue: Residue[] = [];
  await inPool(LIMITS.sweepPagesInFlight, async (add) => {
    const flush = async (batch: readonly VersionEntry[]): Promise<void> => {
      const attributed = await attribute(run, own, batch);
      const surfaces = [...Map.groupBy(attributed, ({ surface }) => surface)];
      for (const [surface, entries] of surfaces) {
        await recordPage(
          run,
          surface,
          entries.map(({ version }) => ({
            unit: unitOf(version),
            sizeBytes: version.sizeBytes,
          })),
        );
      }
      for (const [surface, entries] of surfaces) {
        await add(async () => {
          const asked = entries.map(({ version }) => version);
          const removed = await removeVersions(run.context, asked, run.signal);
          residue.push(...(await noteRemoved(run, surface, asked.length, removed)));
        });
      }
    };
    let batch: VersionEntry[] = [];
    for await (const version of newestLast(versions)) {
      batch.push(version);
      if (batch.length < LIMITS.removeBatchKeys) continue;
      await flush(batch);
      batch = [];
    }
    if (batch.length > 0) await flush(batch);
  });
  return residue;
}

async function attribute(
  run: PurgeRun,
  own: Surface,
  batch: readonly VersionEntry[],
): Promise<readonly Attributed[]> {
  const objects = batch.filter((version) => isObject(version)).map(({ key }) => key);
  const tracked = await run.context.metadata.whichTracked(run.project.uid, objects);
  return batch.map((version) => {
    if (!isObject(version)) return { version, surface: "versions" };
    return { version, surface: tracked.has(version.key) ? "tracked" : own };
  });
}

/** The object of a key is one thing, whether the store kept versions of it or not. */
function unitOf(version: VersionEntry): string {
  return isObject(version) ? version.key : versionUnit(version.key, version.versionId);
}

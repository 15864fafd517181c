import type { SurfaceListing } from "../../core/layouts/index.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Residue, Surface } from "../../core/model.ts";
import type { VersionEntry } from "../../ports/object-store.ts";
import { inPool } from "../pool.ts";
import { removeVersions } from "../removing.ts";
import { noteRemoved } from "./page.ts";
import type { SweepRun } from "./run.ts";
import { attributedBatches, ownVersions, uncoveredVersions } from "./survey-versions.ts";

/**
 * Empties a listing surface of a store that keeps versions, version by version: a plain removal would
 * only add a marker. Of each key one version stands for its object and counts on the surface where an
 * object of any other store would; the others and the markers count as `versions`.
 */
export async function sweepVersions(
  run: SweepRun,
  listing: SurfaceListing,
): Promise<readonly Residue[]> {
  return await removeInBatches(run, listing.surface, ownVersions(run, listing));
}

/** The same for tracked keys that no listing surface covers. */
export async function sweepUncoveredVersions(run: SweepRun): Promise<readonly Residue[]> {
  return await removeInBatches(run, "tracked", uncoveredVersions(run));
}

/**
 * Batches are recorded one after the other and removed several at a time: whatever is removed was
 * recorded, and so were all younger versions of its key.
 */
async function removeInBatches(
  run: SweepRun,
  own: Surface,
  versions: AsyncIterable<VersionEntry>,
): Promise<readonly Residue[]> {
  const residue: Residue[] = [];
  await inPool(LIMITS.sweepPagesInFlight, async (add) => {
    for await (const batch of attributedBatches(run, own, versions)) {
      const surfaces = [...Map.groupBy(batch, ({ surface }) => surface)];
      for (const [surface, entries] of surfaces) {
        const units = entries.map(({ unit, version }) => ({ unit, sizeBytes: version.sizeBytes }));
        await run.record.page(surface, units);
      }
      for (const [surface, entries] of surfaces) {
        await add(async () => {
          const asked = entries.map(({ version }) => version);
          const removed = await removeVersions(run.context, asked, run.signal);
          residue.push(...(await noteRemoved(run, surface, asked.length, removed)));
        });
      }
    }
  });
  return residue;
}

import type { SurfaceListing } from "../../core/layouts/index.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Residue, Surface } from "../../core/model.ts";
import { uploadUnit } from "../../core/removal-log.ts";
import { outcomeOf, StoreError } from "../../core/store-errors.ts";
import type { ObjectEntry, UploadEntry } from "../../ports/object-store.ts";
import { listKey, uploadPages } from "../listing.ts";
import { inPool } from "../pool.ts";
import { removeKeys } from "../removing.ts";
import { abortInStore } from "../uploads/ending.ts";
import { keepsVersions, listsUploads } from "../versions.ts";
import { bytesOfParts, logUpload } from "./fence.ts";
import { noteRemoved } from "./page.ts";
import type { SweepRun } from "./run.ts";
import { surveyListing, surveyUncovered, uploadListings } from "./survey.ts";
import { sweepUncoveredVersions, sweepVersions } from "./sweep-versions.ts";

/**
 * One pass over every surface, each from the start to the end, in order: tracked keys, canonical
 * prefix, legacy layouts, multipart uploads; on a store that keeps versions, the versions of each with
 * it. A surface that fails does not keep the others from being swept; what is not proven gone is
 * answered as residue.
 */
export async function sweep(run: SweepRun): Promise<readonly Residue[]> {
  const residue: Residue[] = [];
  const take = async (
    surface: Surface,
    prefix: string,
    work: () => Promise<readonly Residue[]>,
  ): Promise<void> => {
    residue.push(...(await attempt(run, surface, prefix, work)));
  };
  let versioned = false;
  await take("versions", "", async () => {
    versioned = await keepsVersions(run.context, true, run.signal);
    return [];
  });
  // Nothing is removed while it is not known whether that would only hide it.
  if (residue.length > 0) return residue;
  await take("tracked", "", () => (versioned ? sweepUncoveredVersions(run) : sweepUncovered(run)));
  for (const listing of run.context.layouts.surfacesFor(run.project)) {
    await take(listing.surface, listing.prefix, () =>
      versioned ? sweepVersions(run, listing) : sweepListing(run, listing),
    );
  }
  let listed = false;
  await take("multipart", "", async () => {
    listed = await listsUploads(run.context, run.signal);
    return [];
  });
  for (const prefix of listed ? uploadPrefixes(run) : []) {
    await take("multipart", prefix, () => sweepUploads(run, prefix));
  }
  return residue;
}

async function sweepListing(run: SweepRun, listing: SurfaceListing): Promise<readonly Residue[]> {
  const { context, project, signal } = run;
  const refused: Residue[] = [];
  await inPool(LIMITS.sweepPagesInFlight, async (add) => {
    for await (const pages of surveyListing(context, project, listing, signal)) {
      for (const { surface, entries } of pages) {
        await add(async () => {
          refused.push(...(await removePage(run, surface, entries)));
        });
      }
    }
  });
  return refused;
}

/** A surface that could not be listed or swept whole is `unknown`, and that is residue (I3). */
async function attempt(
  run: SweepRun,
  surface: Surface,
  prefix: string,
  work: () => Promise<readonly Residue[]>,
): Promise<readonly Residue[]> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StoreError) || run.signal.aborted) throw error;
    run.log.warn({ surface, code: error.code, err: error }, "surface could not be swept");
    return [unknownSurface(surface, prefix, error)];
  }
}

/** Residue that stands for a whole surface: its key is the prefix. */
export function unknownSurface(surface: Surface, prefix: string, error: StoreError): Residue {
  return { surface, key: prefix, outcome: "unknown", code: error.code, message: error.message };
}

/** Records a page in the removal log, then asks the store to remove it (R5). */
async function removePage(
  run: SweepRun,
  surface: Surface,
  entries: readonly ObjectEntry[],
): Promise<readonly Residue[]> {
  const units = entries.map(({ key, sizeBytes }) => ({ unit: key, sizeBytes }));
  await run.record.page(surface, units);
  const keys = entries.map(({ key }) => key);
  const removed = await removeKeys(run.context, keys, run.signal);
  return await noteRemoved(run, surface, keys.length, removed);
}

async function sweepUncovered(run: SweepRun): Promise<readonly Residue[]> {
  const { context, project, signal } = run;
  const residue: Residue[] = [];
  let page: ObjectEntry[] = [];
  for await (const { entry } of surveyUncovered(context, project, signal)) {
    if (entry) page.push(entry);
    if (page.length < LIMITS.removeBatchKeys) continue;
    residue.push(...(await removePage(run, "tracked", page)));
    page = [];
  }
  if (page.length > 0) residue.push(...(await removePage(run, "tracked", page)));
  return residue;
}

async function sweepUploads(run: SweepRun, prefix: string): Promise<readonly Residue[]> {
  const residue: Residue[] = [];
  await inPool(LIMITS.abortsInFlight, async (add) => {
    for await (const entries of ownUploadPages(run, prefix)) {
      for (const entry of entries) {
        await add(async () => {
          const refused = await sweepUpload(run, entry);
          if (refused) residue.push(refused);
        });
      }
    }
  });
  return residue;
}

async function sweepUpload(run: SweepRun, { key, uploadId }: UploadEntry): Promise<Residue | null> {
  try {
    const bytes = await bytesOfParts(run, key, uploadId);
    if (bytes === null) return null;
    await logUpload(run, key, uploadId, bytes);
    await abortInStore(run.context, key, uploadId, run.signal);
    if (await listKey(run.context, key, run.signal)) {
      // It became an object after all: nothing was lost as an upload (I7).
      await run.record.retract("multipart", uploadUnit(key, uploadId));
      return null;
    }
  } catch (error) {
    if (!(error instanceof StoreError) || run.signal.aborted) throw error;
    const { code, message } = error;
    return { surface: "multipart", key, outcome: outcomeOf(error.errorClass), code, message };
  }
  await run.record.progress("multipart", 1);
  return null;
}

/** Pages of incomplete uploads below a prefix, of each only what belongs to the project (I4). */
export async function* ownUploadPages(
  run: SweepRun,
  prefix: string,
): AsyncGenerator<readonly UploadEntry[]> {
  const { context, project, signal } = run;
  const listings = uploadListings(context, project).filter((one) => one.prefix === prefix);
  for await (const entries of uploadPages(context, prefix, signal)) {
    yield entries.filter(({ key }) => listings.some((listing) => listing.owns(key)));
  }
}

/** The prefixes below which uploads are listed, each once. */
export function uploadPrefixes(run: SweepRun): readonly string[] {
  const listings = uploadListings(run.context, run.project);
  return [...new Set(listings.map(({ prefix }) => prefix))];
}

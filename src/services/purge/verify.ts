import { LIMITS } from "../../core/limits.ts";
import type { Evidence, Residue, Surface } from "../../core/model.ts";
import { StoreError } from "../../core/store-errors.ts";
import { objectPages, versionPages } from "../listing.ts";
import { keepsVersions, listsUploads, versionsOfKey } from "../versions.ts";
import { entriesOf, type PurgeRun, type SweepRun } from "./run.ts";
import { ownUploadPages, unknownSurface, uploadPrefixes } from "./sweep.ts";
import { surveyUncovered, trackedPages, uncoveredKeys } from "./survey.ts";

/**
 * The verification (R6): lists every surface again, from the start to the end, after the fence. When
 * all are empty, that is recorded as evidence, together with the tracked keys that no listing ever
 * showed; else what was found is answered. Only then may rows go (R9).
 */
export async function verify(run: PurgeRun): Promise<readonly Residue[]> {
  const { context, deletion, token, log } = run;
  const { evidence, found } = await listAll(run);
  if (found.length > 0) {
    log.warn({ found: found.length }, "verification found something");
    return found;
  }
  await recordAbsent(run);
  await context.metadata.recordEvidence(deletion.id, token, evidence);
  log.info({ listings: evidence.length }, "every surface is listed empty");
  return [];
}

/** What every surface shows, each listed from the start to the end (R6). */
export async function listAll(
  run: SweepRun,
): Promise<{ readonly evidence: readonly Evidence[]; readonly found: readonly Residue[] }> {
  const { context, project } = run;
  const evidence: Evidence[] = [];
  const found: Residue[] = [];
  for (const { surface, prefix, owns } of context.layouts.surfacesFor(project)) {
    await examine(run, surface, prefix, evidence, found, async (see) => {
      let pages = 0;
      for await (const entries of objectPages(context, prefix, run.signal)) {
        pages++;
        for (const { key } of entries) if (owns(key)) see(key);
      }
      return pages;
    });
  }
  await examine(run, "tracked", "", evidence, found, async (see) => {
    let listings = 0;
    for await (const { key, entry } of surveyUncovered(context, project, run.signal)) {
      listings++;
      if (entry) see(key);
    }
    return listings;
  });
  await examineVersions(run, evidence, found);
  await examineUploads(run, evidence, found);
  return { evidence, found };
}

/**
 * The versions of every surface, where the store keeps any. It is asked anew: versions may be kept
 * since a moment ago, and then what the sweep removed is only hidden.
 */
async function examineVersions(
  run: SweepRun,
  evidence: Evidence[],
  found: Residue[],
): Promise<void> {
  const { context, project, signal } = run;
  const versioned = await isToBeListed(run, "versions", found, () =>
    keepsVersions(context, true, signal),
  );
  if (!versioned) return;
  for (const { prefix, owns } of context.layouts.surfacesFor(project)) {
    await examine(run, "versions", prefix, evidence, found, async (see) => {
      let pages = 0;
      for await (const entries of versionPages(context, prefix, signal)) {
        pages++;
        for (const { key } of entries) if (owns(key)) see(key);
      }
      return pages;
    });
  }
  await examine(run, "versions", "", evidence, found, async (see) => {
    let listings = 0;
    for await (const { key } of uncoveredKeys(context, project)) {
      listings++;
      for await (const version of versionsOfKey(context, key, signal)) see(version.key);
    }
    return listings;
  });
}

/** Of a store that is declared to list no uploads nothing is asked, and there is no evidence. */
async function examineUploads(
  run: SweepRun,
  evidence: Evidence[],
  found: Residue[],
): Promise<void> {
  const listed = await isToBeListed(run, "multipart", found, () =>
    listsUploads(run.context, run.signal),
  );
  if (!listed) return;
  for (const prefix of uploadPrefixes(run)) {
    await examine(run, "multipart", prefix, evidence, found, async (see) => {
      let pages = 0;
      for await (const entries of ownUploadPages(run, prefix)) {
        pages++;
        for (const { key } of entries) see(key);
      }
      return pages;
    });
  }
}

/** What the store says of a surface; where it cannot be asked, the surface is unknown (I3). */
async function isToBeListed(
  run: SweepRun,
  surface: Surface,
  found: Residue[],
  ask: () => Promise<boolean>,
): Promise<boolean> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof StoreError) || run.signal.aborted) throw error;
    found.push(unknownSurface(surface, "", error));
    return false;
  }
}

type See = (key: string) => void;

/** One surface's listing: evidence when it ends, residue for what it shows or when it fails. */
async function examine(
  run: SweepRun,
  surface: Surface,
  prefix: string,
  evidence: Evidence[],
  found: Residue[],
  list: (see: See) => Promise<number>,
): Promise<void> {
  const at = await run.context.metadata.now();
  const seen: Residue[] = [];
  let entries = 0;
  const message = "still listed after the sweep";
  try {
    const pages = await list((key) => {
      entries++;
      if (seen.length >= LIMITS.listPageKeys) return;
      seen.push({ surface, key, outcome: "failed", code: "reappeared", message });
    });
    evidence.push({ surface, prefix, at, pages, entries });
    found.push(...seen);
  } catch (error) {
    if (!(error instanceof StoreError) || run.signal.aborted) throw error;
    found.push(unknownSurface(surface, prefix, error));
  }
}

/** Counts tracked keys that were never seen, before the rows that know them go. */
async function recordAbsent(run: PurgeRun): Promise<void> {
  const { context, deletion, token, salt, project } = run;
  for await (const page of trackedPages(context, project)) {
    run.signal.throwIfAborted();
    const units = page.map(({ key, sizeBytes }) => ({ unit: key, sizeBytes }));
    const entries = entriesOf(salt, "tracked", units);
    await context.metadata.recordAbsent(deletion.id, token, "tracked", entries);
  }
}

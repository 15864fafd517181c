import { LIMITS } from "../../core/limits.ts";
import type { Residue, Surface } from "../../core/model.ts";
import { logEntry } from "../../core/removal-log.ts";
import { StoreError } from "../../core/store-errors.ts";
import type { ObjectEntry, UploadEntry } from "../../ports/object-store.ts";
import { uploadPages } from "../listing.ts";
import { inPool } from "../pool.ts";
import { removeKeys } from "../removing.ts";
import { abortInStore } from "../uploads/ending.ts";
import { bytesOfParts, logUpload } from "./fence.ts";
import type { PurgeRun } from "./run.ts";
import { surveyListing, surveyUncovered } from "./survey.ts";

/**
 * One pass over every surface, each from the start to the end, in order: tracked keys, canonical
 * prefix, legacy layouts, multipart uploads. A surface that fails does not keep the others from being
 * swept; what is not proven gone is answered as residue.
 */
export async function sweep(run: PurgeRun): Promise<readonly Residue[]> {
  const { context, deletion } = run;
  const project = { id: deletion.projectId, uid: deletion.projectUid };
  const residue: Residue[] = [];
  residue.push(...(await attempt(run, "tracked", "", () => sweepUncovered(run))));
  for (const listing of context.layouts.surfacesFor(project)) {
    residue.push(
      ...(await attempt(run, listing.surface, listing.prefix, async () => {
        const refused: Residue[] = [];
        await inPool(LIMITS.sweepPagesInFlight, async (add) => {
          for await (const pages of surveyListing(context, project, listing, run.signal)) {
            for (const { surface, entries } of pages) {
              await add(async () => {
                refused.push(...(await removePage(run, surface, entries)));
              });
            }
          }
        });
        return refused;
      })),
    );
  }
  for (const prefix of uploadPrefixes(run)) {
    residue.push(...(await attempt(run, "multipart", prefix, () => sweepUploads(run, prefix))));
  }
  return residue;
}

/** A surface that could not be listed or swept whole is `unknown`, and that is residue (I3). */
async function attempt(
  run: PurgeRun,
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
  run: PurgeRun,
  surface: Surface,
  entries: readonly ObjectEntry[],
): Promise<readonly Residue[]> {
  const { context, deletion, token, salt, signal } = run;
  const page = entries.map(({ key, sizeBytes }) => logEntry(salt, surface, key, sizeBytes));
  await context.metadata.recordPage(deletion.id, token, surface, page);
  const keys = entries.map(({ key }) => key);
  const { gone, refused } = await removeKeys(context, keys, signal);
  await context.metadata.recordProgress(deletion.id, token, surface, gone);
  run.log.info({ surface, asked: keys.length, gone, refused: refused.length }, "page removed");
  context.watch.notify(deletion.id);
  return refused.map((refusal) => ({ surface, ...refusal }));
}

async function sweepUncovered(run: PurgeRun): Promise<readonly Residue[]> {
  const { context, deletion, signal } = run;
  const project = { id: deletion.projectId, uid: deletion.projectUid };
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

async function sweepUploads(run: PurgeRun, prefix: string): Promise<readonly Residue[]> {
  const residue: Residue[] = [];
  for await (const entries of ownUploadPages(run, prefix)) {
    for (const entry of entries) {
      try {
        await sweepUpload(run, entry);
      } catch (error) {
        if (!(error instanceof StoreError) || run.signal.aborted) throw error;
        const outcome = error.errorClass === "blocked" ? "blocked" : "failed";
        const { code, message } = error;
        residue.push({ surface: "multipart", key: entry.key, outcome, code, message });
      }
    }
  }
  return residue;
}

async function sweepUpload(run: PurgeRun, { key, uploadId }: UploadEntry): Promise<void> {
  const bytes = await bytesOfParts(run, key, uploadId);
  if (bytes === null) return;
  await logUpload(run, key, uploadId, bytes);
  await abortInStore(run.context, key, uploadId, run.signal);
  await run.context.metadata.recordProgress(run.deletion.id, run.token, "multipart", 1);
}

/** Pages of incomplete uploads below a prefix, of each only what belongs to the project (I4). */
export async function* ownUploadPages(
  run: PurgeRun,
  prefix: string,
): AsyncGenerator<readonly UploadEntry[]> {
  const { context, deletion, signal } = run;
  const project = { id: deletion.projectId, uid: deletion.projectUid };
  const listings = context.layouts.surfacesFor(project).filter((one) => one.prefix === prefix);
  for await (const entries of uploadPages(context, prefix, signal)) {
    yield entries.filter(({ key }) => listings.some((listing) => listing.owns(key)));
  }
}

/** The prefixes below which uploads are listed, each once. */
export function uploadPrefixes(run: PurgeRun): readonly string[] {
  const { projectId: id, projectUid: uid } = run.deletion;
  return [...new Set(run.context.layouts.surfacesFor({ id, uid }).map(({ prefix }) => prefix))];
}

import { addAdoptions, type AdoptionProgress, type RunFailure } from "../../core/adoption.ts";
import { messageOf } from "../../core/errors.ts";
import { makeUid } from "../../core/ids.ts";
import { LIMITS } from "../../core/limits.ts";
import { isStoreError } from "../../core/store-errors.ts";
import type { Log } from "../../ports/log.ts";
import type { Adoption, AdoptionStep } from "../../ports/metadata/index.ts";
import type { Context } from "../context.ts";
import { objectPages } from "../listing.ts";
import { adoptablePage, type Adopter } from "./page.ts";

/** What a worker has of an adoption that it claimed. */
export interface AdoptionWork {
  readonly context: Context;
  readonly adoption: Adoption;
  readonly token: number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Goes on where the adoption was left, by whichever process. Each page of the listing is written down with
 * the rows that were made of it, in one transaction; so nothing counts twice after a crash.
 */
export async function runAdoption(work: AdoptionWork): Promise<void> {
  const { adoption, log } = work;
  const { attempts } = adoption;
  if (attempts > LIMITS.runAttemptsMax) {
    const message = `It broke off ${attempts - 1} times; the log says why.`;
    return await end(work, adoption.progress, { code: "internal", message });
  }
  log.info({ attempts }, "adoption goes on");
  let { progress } = adoption;
  try {
    const adopter = await adopterOf(work);
    const { prefix } = adoption.request;
    const pages = objectPages(work.context, prefix, work.signal, progress.after ?? undefined);
    for await (const entries of pages) {
      const { files, notes, counts } = await adoptablePage(adopter, entries);
      const after = entries.at(-1)?.key ?? progress.after;
      const seen = { ...progress, after, counts: addAdoptions(progress.counts, counts) };
      ({ progress } = await record(work, seen, { files, notes }));
    }
  } catch (error) {
    if (!isStoreError(error)) throw error;
    work.signal.throwIfAborted();
    log.error({ err: error }, "the store could not be listed: the adoption ends here");
    return await end(work, progress, { code: error.code, message: messageOf(error) });
  }
  await end(work, { ...progress, isListed: true }, null);
}

async function adopterOf({ context, adoption, signal }: AdoptionWork): Promise<Adopter> {
  const { keyNormalisation: normalisation } = await context.store.capabilities({ signal });
  const { request, requestedAt: startedAt } = adoption;
  return { context, request, order: { normalisation }, startedAt, signal };
}

async function record(
  { context, adoption, token, log, signal }: AdoptionWork,
  progress: AdoptionProgress,
  { files, notes }: Pick<AdoptionStep, "files" | "notes">,
): Promise<Adoption> {
  signal.throwIfAborted();
  const { metadata, random } = context;
  const { dryRun, owner } = adoption.request;
  const now = await metadata.now();
  const ids = dryRun ? [] : [...new Set(files.map(({ projectId }) => projectId))];
  const projects = ids.map((id) => ({ id, uid: makeUid(now, random.bytes(10)), owner }));
  const recorded = await metadata.recordAdoption(adoption.id, token, {
    progress,
    files,
    notes,
    projects,
  });
  if (files.length > 0) log.info({ dryRun, ...recorded.progress.counts }, "objects adopted");
  return recorded;
}

async function end(
  { context, adoption, token, log }: AdoptionWork,
  progress: AdoptionProgress,
  failure: RunFailure | null,
): Promise<void> {
  await context.metadata.endRun(adoption.id, token, { ...progress, failure });
  log.info({ counts: progress.counts, failure }, "adoption ended");
}

import { messageOf } from "../../core/errors.ts";
import type { RunFailure } from "../../core/adoption.ts";
import { LIMITS } from "../../core/limits.ts";
import { isStoreError } from "../../core/store-errors.ts";
import type { LegacyFile, Relayout, RunNote } from "../../ports/metadata/index.ts";
import { inPool } from "../pool.ts";
import { endUpload } from "../uploads/ending.ts";
import { newUid } from "../uploads/making.ts";
import { copyFile, obstacleOf, type Planned } from "./copy.ts";
import { endHeld } from "./held.ts";
import type { RelayoutWork } from "./work.ts";

/**
 * Goes on where the relayout was left, by whichever process. Each file is done by one transaction, which
 * counts it; so nothing counts twice after a crash, and nothing is copied twice that was done.
 */
export async function runRelayout(work: RelayoutWork): Promise<void> {
  const { relayout, log } = work;
  const { attempts } = relayout;
  if (attempts > LIMITS.runAttemptsMax) {
    const message = `It broke off ${attempts - 1} times; the log says why.`;
    return await end(work, { code: "internal", message });
  }
  log.info({ attempts }, "relayout goes on");
  try {
    await carryOutAction(work);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    work.signal.throwIfAborted();
    log.error({ err: error }, "the store refuses: the relayout ends here");
    return await end(work, { code: error.code, message: messageOf(error) });
  }
  await end(work, null);
}

async function carryOutAction(work: RelayoutWork): Promise<void> {
  const { of, dryRun } = work.relayout.request;
  if (of === null) await copyAll(work);
  else if (dryRun) await countAll(work, of);
  else await endHeld(work, of);
}

async function countAll({ context, relayout, token }: RelayoutWork, of: string): Promise<void> {
  const { metadata } = context;
  // Begun again after a crash, it has counted already.
  if (relayout.progress.counts.objects > 0) return;
  const { objects, bytes } = await metadata.countHeld(of);
  const counts = { objects, bytes, done: objects, doneBytes: bytes };
  await metadata.recordRelayout(relayout.id, token, {
    after: null,
    uploads: [],
    counts,
    notes: [],
  });
}

async function copyAll(work: RelayoutWork): Promise<void> {
  const { context, signal } = work;
  let { relayout } = work;
  // What a dead worker had begun is ended; where its row names the copy already, its upload is gone.
  for (const id of relayout.progress.uploads) await endUpload(context, id);
  for (;;) {
    signal.throwIfAborted();
    const { after } = relayout.progress;
    const files = await context.metadata.listLegacyFiles({
      projects: relayout.request.projects,
      limit: LIMITS.relayoutPageFiles,
      ...(after === null ? {} : { after }),
    });
    const last = files.at(-1);
    if (!last) return;
    relayout = relayout.request.dryRun
      ? await planPage(work, files, last.file.key)
      : await copyPage(work, files, { before: after, after: last.file.key });
  }
}

async function planPage(
  { context, relayout, token }: RelayoutWork,
  files: readonly LegacyFile[],
  after: string,
): Promise<Relayout> {
  const obstacles = new Map<string, string | null>();
  for (const uid of new Set(files.map(({ file }) => file.projectUid))) {
    obstacles.set(uid, obstacleOf(await context.metadata.findProjectByUid(uid)));
  }
  const notes: RunNote[] = [];
  let doneBytes = 0;
  for (const { projectId, file } of files) {
    const code = obstacles.get(file.projectUid) ?? null;
    if (code === null) doneBytes += file.sizeBytes;
    else notes.push({ key: file.key, projectId, code });
  }
  const objects = files.length;
  const bytes = files.reduce((sum, { file }) => sum + file.sizeBytes, 0);
  const done = objects - notes.length;
  const counts = { objects, bytes, done, doneBytes, spared: notes.length };
  const step = { after, uploads: [], counts, notes };
  return await context.metadata.recordRelayout(relayout.id, token, step);
}

async function copyPage(
  work: RelayoutWork,
  files: readonly LegacyFile[],
  { before, after }: { readonly before: string | null; readonly after: string },
): Promise<Relayout> {
  const { context, relayout, token, log } = work;
  const { metadata } = context;
  const planned: Planned[] = [];
  for (const file of files) {
    planned.push({ ...file, uploadId: await newUid(context), newFileUid: await newUid(context) });
  }
  const uploads = planned.map(({ uploadId }) => uploadId);
  await metadata.recordRelayout(relayout.id, token, {
    after: before,
    uploads,
    counts: {},
    notes: [],
  });
  const notes: RunNote[] = [];
  let [bytes, readBytes] = [0, 0];
  await inPool(LIMITS.relayoutCopiesInFlight, async (add) => {
    for (const one of planned) {
      await add(async () => {
        const { code, readBytes: read } = await copyFile(work, one);
        readBytes += read;
        if (code === null) return;
        bytes += one.file.sizeBytes;
        notes.push({ key: one.file.key, projectId: one.projectId, code });
      });
    }
  });
  const counts = { objects: notes.length, bytes, spared: notes.length, readBytes };
  const recorded = await metadata.recordRelayout(relayout.id, token, {
    after,
    uploads: [],
    counts,
    notes,
  });
  log.info({ counts: recorded.progress.counts }, "files copied");
  return recorded;
}

async function end(
  { context, relayout, token, log }: RelayoutWork,
  failure: RunFailure | null,
): Promise<void> {
  const { metadata } = context;
  // As it stands now: files were counted since by the transactions that moved them.
  const current = await metadata.findRun(relayout.id);
  const { progress } = current?.kind === "relayout" ? current : relayout;
  const ended = { ...progress, uploads: [], isListed: failure === null, failure };
  await metadata.endRun(relayout.id, token, ended);
  log.info({ counts: progress.counts, failure }, "relayout ended");
}

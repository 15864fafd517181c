import { LIMITS } from "../../core/limits.ts";
import type { Residue, Surface } from "../../core/model.ts";
import { keyOfUnit } from "../../core/removal-log.ts";
import { outcomeOf } from "../../core/store-errors.ts";
import type { Cdn } from "../../ports/cdn.ts";
import type { CdnTarget } from "../../ports/metadata/index.ts";
import { type CdnTargets, cdnTargets, purgeTargets } from "../cdn.ts";
import { keyHashOf, type LogUnit, type PurgeRun, type RemovalRecord } from "./run.ts";
import { trackedPages } from "./survey.ts";

type Noting = Pick<PurgeRun, "context" | "deletion" | "token" | "salt" | "project">;

/**
 * The record of a removal that writes down besides, and before, what a CDN is to purge for it: once the
 * objects are gone nothing else would know their URLs. Each removal makes its targets pending again, so
 * that what is accepted was always purged after the last removal.
 */
export function notingCdn(noting: Noting, record: RemovalRecord): RemovalRecord {
  const { cdn } = noting.context;
  if (cdn === null) return record;
  const targets = targetsOf(noting, cdn);
  return {
    ...record,
    page: async (surface: Surface, units: readonly LogUnit[]) => {
      if (surface !== "multipart") {
        await note(
          noting,
          units.map(({ unit }) => targets.of(keyOfUnit(unit))),
        );
      }
      await record.page(surface, units);
    },
  };
}

/**
 * Purges the CDN, after every surface was listed empty: what is purged while its object is there would
 * be cached anew. Tracked keys that no listing showed may be cached still, so they are purged too.
 * Answers what the CDN did not accept.
 */
export async function purgeCdn(run: PurgeRun): Promise<readonly Residue[]> {
  const { context, deletion, token, project, log } = run;
  const { cdn, metadata } = context;
  if (cdn === null) {
    if (deletion.surfaces.some(({ surface }) => surface === "cdn")) {
      log.warn({}, "no CDN is configured any more: what was to be purged is not");
      await metadata.dropCdnTargets(deletion.id, token);
    }
    return [];
  }
  const targets = targetsOf(run, cdn);
  await note(run, targets.prefixes);
  for await (const page of trackedPages(context, project)) {
    run.signal.throwIfAborted();
    await note(
      run,
      page.map(({ key }) => targets.of(key)),
    );
  }
  return await purgePending(run, cdn);
}

/**
 * Purges what came back after a receipt, and the prefixes once more: a transfer from the store that had
 * begun before the deletion may have ended in the cache after the first purge.
 */
export async function purgeCdnAgain(run: PurgeRun): Promise<readonly Residue[]> {
  const { context, deletion, token } = run;
  const { cdn, metadata } = context;
  if (cdn === null) {
    await metadata.dropCdnTargets(deletion.id, token);
    return [];
  }
  await note(run, targetsOf(run, cdn).prefixes);
  return await purgePending(run, cdn);
}

function targetsOf({ context, project }: Noting, cdn: Cdn): CdnTargets {
  return cdnTargets(cdn, context.layouts.surfacesFor(project));
}

async function note(
  { context, deletion, token, salt }: Noting,
  targets: readonly string[],
): Promise<void> {
  const entries = [...new Set(targets)].map((target) => ({
    hash: keyHashOf(salt, "cdn", target),
    target,
  }));
  if (entries.length > 0) await context.metadata.recordCdnTargets(deletion.id, token, entries);
}

async function purgePending(run: PurgeRun, cdn: Cdn): Promise<readonly Residue[]> {
  const residue: Residue[] = [];
  let accepted = 0;
  let after: Uint8Array | undefined;
  for (;;) {
    run.signal.throwIfAborted();
    const page = await pendingPage(run, after);
    const last = page.at(-1);
    if (last === undefined) break;
    const purged = await purgePage(run, cdn, page);
    accepted += page.length - purged.length;
    residue.push(...purged.slice(0, LIMITS.cdnResidueMax - residue.length));
    // What fails for more than its own sake would fail for the others too; they stay pending.
    if (purged.some(({ outcome }) => outcome !== "failed")) break;
    after = last.hash;
  }
  run.log.info({ accepted, refused: residue.length }, "CDN purged");
  return residue;
}

async function pendingPage(
  { context, deletion, token }: PurgeRun,
  after: Uint8Array | undefined,
): Promise<readonly CdnTarget[]> {
  return await context.metadata.pendingCdnTargets(
    deletion.id,
    token,
    LIMITS.cdnBatchTargets,
    after,
  );
}

/** The purge first, then the note that it was accepted: what a crash forgets is purged once more. */
async function purgePage(
  run: PurgeRun,
  cdn: Cdn,
  page: readonly CdnTarget[],
): Promise<readonly Residue[]> {
  const { context, deletion, token, signal } = run;
  const hashes = new Map(page.map(({ hash, target }) => [target, hash]));
  const { accepted, failed } = await purgeTargets(context, cdn, [...hashes.keys()], {
    attemptsMax: LIMITS.callAttemptsMax,
    signal,
  });
  const taken = accepted.flatMap((target) => hashes.get(target) ?? []);
  if (taken.length > 0) await context.metadata.acceptCdnTargets(deletion.id, token, taken);
  context.watch.notify(deletion.id);
  return failed.map(({ target, failure: { code, errorClass, message } }) => {
    return { surface: "cdn", key: target, outcome: outcomeOf(errorClass), code, message };
  });
}

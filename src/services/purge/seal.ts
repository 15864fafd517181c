import { known } from "../../core/known.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Deletion, SurfaceCounts } from "../../core/model.ts";
import { buildReceipt, RECEIPT_TYPE, type ReceiptFacts, receiptHash } from "../../core/receipt.ts";
import { canonicalBytes } from "../../core/statement.ts";
import type { Sealed, SealFacts } from "../../ports/metadata/index.ts";
import type { Capabilities } from "../../ports/object-store.ts";
import { signAmendment } from "./amendment.ts";
import type { PurgeRun } from "./run.ts";
import { allSurfaces } from "./survey.ts";

/**
 * Erases the rows, then writes the receipt in the one transaction that checks everything once more
 * (R7). The copy in the store is a job's business and keeps nobody waiting (R11).
 */
export async function seal(run: PurgeRun): Promise<Deletion> {
  const { context, deletion, token, log } = run;
  for (;;) {
    run.signal.throwIfAborted();
    const erased = await context.metadata.eraseRows(deletion.id, token, LIMITS.eraseBatchRows);
    if (erased === 0) break;
    log.info({ rows: erased }, "rows erased");
  }
  const capabilities = await context.store.capabilities();
  const completed = await context.metadata.completeDeletion(
    deletion.id,
    token,
    (facts) => sign(run, facts, capabilities),
    context.settings.settleMs,
  );
  log.info({ objects: total(completed.surfaces), attempts: completed.attempts }, "receipt issued");
  const { projectUid } = deletion;
  try {
    await context.jobs.enqueue("receipt-copy", { projectUid }, { key: projectUid });
  } catch (error) {
    log.warn({ err: error }, "receipt's copy could not be queued; the scan finds it");
  }
  return completed;
}

async function sign(run: PurgeRun, facts: SealFacts, capabilities: Capabilities): Promise<Sealed> {
  const { context } = run;
  const { deletion, now, amends } = facts;
  if (amends !== null) {
    const surfaces = facts.surfaces
      .filter(({ surface }) => surface !== "cdn")
      .map((counts) => ({ ...counts, residue: 0 }));
    const verifiedAt = known(deletion.verifiedAt, "when it was verified");
    return await signAmendment(context, { ...facts, surfaces, verifiedAt, receiptHash: amends });
  }
  const lacking = capabilities.declaredLacking;
  const project = { id: deletion.projectId, uid: deletion.projectUid };
  const payload = buildReceipt({
    deletionId: deletion.id,
    project,
    store: context.store.identity,
    surfaces: inOrder(
      allSurfaces(context, project, capabilities.versioning !== "none"),
      facts.surfaces,
    ),
    leaves: facts.leaves,
    merkleRoot: facts.merkleRoot,
    evidence: facts.evidence,
    sequence: facts.sequence,
    previousHash: facts.previousHash,
    times: {
      requestedAt: deletion.requestedAt,
      purgeStartedAt: known(deletion.purgeStartedAt, "when the purge began"),
      fencedAt: known(deletion.fencedAt, "when the fence stood"),
      verifiedAt: known(deletion.verifiedAt, "when it was verified"),
      issuedAt: now,
    },
    capabilities: { ...capabilities, declaredLacking: lacking.join(",") || "nothing" },
    lacking,
    cdn: purgedCdn(run, facts.cdnAcceptedAt),
  });
  const jws = await context.signer.sign(canonicalBytes(payload), RECEIPT_TYPE);
  return { jws, hash: receiptHash(jws) };
}

function purgedCdn(
  { context: { cdn } }: PurgeRun,
  acceptedAt: SealFacts["cdnAcceptedAt"],
): NonNullable<ReceiptFacts["cdn"]> | null {
  if (cdn === null || acceptedAt === null) return null;
  return { provider: cdn.provider, domain: cdn.address.domain, mode: cdn.mode, acceptedAt };
}

/** Counts of every surface in the order of the sweep, zeros for those that held nothing. */
export function inOrder(
  surfaces: readonly SurfaceCounts["surface"][],
  counts: readonly SurfaceCounts[],
): readonly SurfaceCounts[] {
  const counted = new Map(counts.map((one) => [one.surface, one]));
  const rest = counts.filter(({ surface }) => !surfaces.includes(surface));
  return [...surfaces.map((surface) => counted.get(surface) ?? zero(surface)), ...rest];
}

function zero(surface: SurfaceCounts["surface"]): SurfaceCounts {
  const none = { found: 0, deleted: 0, absent: 0, failed: 0, blocked: 0, unknown: 0, bytes: 0 };
  return { surface, ...none };
}

function total(surfaces: readonly SurfaceCounts[]): number {
  return surfaces.reduce((sum, one) => sum + (one.surface === "cdn" ? 0 : one.deleted), 0);
}

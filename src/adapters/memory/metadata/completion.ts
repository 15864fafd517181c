import { rootOf } from "../../../core/merkle.ts";
import { projectStateOf, transition } from "../../../core/deletion.ts";
import type { Deletion, Evidence, Instant } from "../../../core/model.ts";
import type { Sealed, SealFacts } from "../../../ports/metadata/index.ts";
import { surfaceCounts } from "./counts.ts";
import { viewOf } from "./deletions.ts";
import { forgetIdempotent } from "./idempotency.ts";
import { claimed, tracked } from "./purge.ts";
import { chainHead } from "./receipts.ts";
import { type DeletionRow, projectOf, refusal, type Tx } from "./state.ts";
import { deletionFacts, emit } from "./webhooks.ts";

/** The facts to be sealed, and the revision of the deletion that they were counted at. */
export interface Prepared {
  readonly facts: SealFacts;
  readonly revision: number;
}

/**
 * The checks and counts of the final transaction (R7). Changes nothing.
 * @throws StaleClaimError, ExpungeError `internal`
 */
export function prepareCompletion(tx: Tx, id: string, token: number): Prepared {
  const row = claimed(tx, id, token);
  const problem = obstacle(tx, row);
  if (problem !== null) throw refusal("internal", `${id} cannot be completed: ${problem}.`);
  const leaves = [...row.log.values()].filter(({ seen }) => seen).map(({ leaf }) => leaf);
  const head = chainHead(tx);
  const facts: SealFacts = {
    deletion: viewOf(row),
    surfaces: surfaceCounts(row, true),
    leaves: leaves.length,
    merkleRoot: rootOf(leaves),
    evidence: row.evidence,
    cdnAcceptedAt: lastPurge(row),
    sequence: head.sequence + 1,
    previousHash: head.hash,
    now: tx.now,
    amends: tx.rows.receipts.get(row.projectUid)?.receipt.hash ?? null,
  };
  return { facts, revision: row.revision };
}

/**
 * Writes what was sealed and the end of the deletion, or answers null when what was sealed does not hold
 * any more: another receipt took the place in the chain, or the claim's own worker wrote meanwhile.
 * @throws StaleClaimError, ExpungeError `internal`
 */
export function finishCompletion(
  tx: Tx,
  id: string,
  token: number,
  { facts, revision }: Prepared,
  sealed: Sealed | null,
  settleAfterMs: readonly number[],
): Deletion | null {
  const row = claimed(tx, id, token);
  if (row.revision !== revision || chainHead(tx).sequence !== facts.sequence - 1) return null;
  const problem = obstacle(tx, row);
  if (problem !== null) throw refusal("internal", `${id} cannot be completed: ${problem}.`);
  writeEnd(tx, row, facts.now, settleAfterMs);
  const told = deletionFacts(row);
  const receiptHash = facts.amends ?? sealed?.hash ?? "";
  emit(tx, { type: "project.deleted", data: { ...told, receiptHash } });
  if (sealed === null) return viewOf(row);
  const statement = {
    projectUid: row.projectUid,
    deletionId: row.id,
    owner: row.owner,
    sequence: facts.sequence,
    jws: sealed.jws,
    hash: sealed.hash,
    issuedAt: facts.now,
  };
  if (facts.amends === null) {
    tx.rows.receipts.set(row.projectUid, { receipt: statement, copied: false });
  } else {
    tx.rows.amendments.set(facts.sequence, { amendment: statement, copied: false });
    const data = { ...told, receiptHash, amendmentHash: sealed.hash };
    emit(tx, { type: "receipt.amended", data });
  }
  return viewOf(row);
}

function lastPurge({ cdnTargets }: DeletionRow): Instant | null {
  const last = Math.max(...cdnTargets.values().map(({ acceptedAt }) => acceptedAt ?? 0));
  return last > 0 ? last : null;
}

function writeEnd(tx: Tx, row: DeletionRow, now: Instant, settleAfterMs: readonly number[]): void {
  const state = transition(row.state, "verified");
  if (state === null) throw new Error(`${row.id} cannot be completed from '${row.state}'`);
  row.state = state;
  row.blocked = null;
  row.completedAt = now;
  row.leaseUntil = 0;
  row.cdnPurged = row.cdnTargets.size;
  row.cdnTargets.clear();
  const [first, ...later] = settleAfterMs.map((ms) => now + ms).sort((a, b) => a - b);
  row.settling.dueAt = first ?? null;
  row.settling.later = later;
  const project = projectOf(tx, row.projectUid);
  // What remains of the project: id, uid, owner and times (R7).
  tx.rows.projects.set(project.uid, {
    ...project,
    state: projectStateOf(state),
    name: "",
    metadata: {},
    fileCount: 0,
    sizeBytes: 0,
  });
  forgetIdempotent(tx, project.uid);
}

/** What stands against a receipt (I3, R6, R7), or null. */
function obstacle(tx: Tx, row: DeletionRow): string | null {
  if (row.state !== "verifying") return `it is '${row.state}'`;
  if (row.residue.length > 0) return `${row.residue.length} keys are residue`;
  if (hasRows(tx, row.projectUid)) return "rows of the project are left";
  if (row.cdnTargets.values().some(({ acceptedAt }) => acceptedAt === null)) {
    return "purges of the CDN are pending";
  }
  const { fencedAt, evidence } = row;
  if (fencedAt === null) return "there is no fence";
  if (evidence.length === 0) return "there is no evidence";
  const isGood = ({ at, entries }: Evidence): boolean => at >= fencedAt && entries === 0;
  return evidence.every(isGood) ? null : "a listing is older than the fence, or showed something";
}

/** An empty file is a row that names no key, so the files are looked at themselves. */
function hasRows(tx: Tx, projectUid: string): boolean {
  if ((tx.rows.files.get(projectUid)?.size ?? 0) > 0) return true;
  const uploads = tx.rows.uploads.values();
  if (uploads.some(({ upload }) => upload.projectUid === projectUid)) return true;
  return tracked(tx, projectUid).size > 0;
}

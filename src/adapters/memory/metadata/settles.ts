import { compareUtf8, toHex } from "../../../core/encoding.ts";
import type { SettleResult, Surface } from "../../../core/model.ts";
import {
  type AmendmentFacts,
  type RemovalEntry,
  type ReturnedCounts,
  type Sealed,
  type SettleClaim,
  type SettleEnd,
  StaleClaimError,
} from "../../../ports/metadata/index.ts";
import { viewOf } from "./deletions.ts";
import { chainHead } from "./receipts.ts";
import { rootOf } from "../../../core/merkle.ts";
import type { DeletionRow, Settling, Tx } from "./state.ts";
import { deletionFacts, emit } from "./webhooks.ts";

export function dueSettles(tx: Tx, limit: number): readonly string[] {
  return [...tx.rows.deletions.values()]
    .filter((row) => isDue(tx, row))
    .sort((a, b) => (a.settling.dueAt ?? 0) - (b.settling.dueAt ?? 0) || compareUtf8(a.id, b.id))
    .slice(0, limit)
    .map(({ id }) => id);
}

function isDue(tx: Tx, { state, leaseUntil, settling }: DeletionRow): boolean {
  if (state !== "completed" || leaseUntil > tx.now) return false;
  return settling.dueAt !== null && settling.dueAt <= tx.now;
}

export function claimSettle(tx: Tx, id: string, leaseMs: number): SettleClaim | null {
  const row = tx.rows.deletions.get(id);
  if (!row || !isDue(tx, row)) return null;
  row.token++;
  row.leaseUntil = tx.now + leaseMs;
  return { deletion: viewOf(row), token: row.token, salt: row.salt, tries: row.settling.tries };
}

/** @throws StaleClaimError */
function settling(tx: Tx, id: string, token: number): DeletionRow {
  const row = tx.rows.deletions.get(id);
  if (row?.token === token && row.state === "completed" && row.settling.dueAt !== null) return row;
  throw new StaleClaimError(`claim ${token} on ${id} is not the newest, or its look has ended`);
}

export function recordReturned(
  tx: Tx,
  id: string,
  token: number,
  surface: Surface,
  entries: readonly RemovalEntry[],
): void {
  const { returned } = settling(tx, id, token).settling;
  for (const { keyHash, leaf, bytes } of entries) {
    const hash = toHex(keyHash);
    if (!returned.has(hash)) returned.set(hash, { surface, leaf: leaf.slice(), bytes });
  }
}

export function retractReturned(tx: Tx, id: string, token: number, keyHash: Uint8Array): void {
  settling(tx, id, token).settling.returned.delete(toHex(keyHash));
}

/** What is to be stated, or null where there is nothing, or nothing new. @throws StaleClaimError */
export function prepareAmendment(
  tx: Tx,
  id: string,
  token: number,
  { left, verifiedAt }: SettleEnd,
): AmendmentFacts | null {
  const row = settling(tx, id, token);
  if (left === null || !isNews(row.settling, left)) return null;
  const receipt = tx.rows.receipts.get(row.projectUid)?.receipt;
  if (!receipt) throw new Error(`${id} is completed and has no receipt`);
  const leaves = [...row.settling.returned.values()].map(({ leaf }) => leaf);
  const head = chainHead(tx);
  return {
    deletion: viewOf(row),
    receiptHash: receipt.hash,
    surfaces: countsOf(row.settling, left),
    leaves: leaves.length,
    merkleRoot: rootOf(leaves),
    verifiedAt,
    sequence: head.sequence + 1,
    previousHash: head.hash,
    now: tx.now,
  };
}

/** What an amendment stated and nobody could remove since is no news. */
function isNews({ returned, stated, statedLeft }: Settling, left: SettleEnd["left"]): boolean {
  if (returned.size === 0) return false;
  return totalOf(left) !== statedLeft || returned.keys().some((hash) => !stated.has(hash));
}

function totalOf(left: SettleEnd["left"]): number {
  return [...(left?.values() ?? [])].reduce((sum, count) => sum + count, 0);
}

function countsOf(
  { returned }: Settling,
  left: ReadonlyMap<Surface, number>,
): readonly ReturnedCounts[] {
  const counts = new Map<Surface, { found: number; bytes: number }>();
  for (const { surface, bytes } of returned.values()) {
    const before = counts.get(surface) ?? { found: 0, bytes: 0 };
    counts.set(surface, { found: before.found + 1, bytes: before.bytes + bytes });
  }
  return [...counts]
    .sort(([a], [b]) => compareUtf8(a, b))
    .map(([surface, { found, bytes }]) => {
      const residue = Math.min(found, left.get(surface) ?? 0);
      return { surface, found, deleted: found - residue, residue, bytes };
    });
}

/**
 * Writes the end of the look, or answers null when what was sealed does not hold any more.
 * @throws StaleClaimError
 */
export function finishSettle(
  tx: Tx,
  id: string,
  token: number,
  end: SettleEnd,
  facts: AmendmentFacts | null,
  sealed: Sealed | null,
): SettleResult | null {
  const row = settling(tx, id, token);
  if (facts !== null && chainHead(tx).sequence !== facts.sequence - 1) return null;
  const { returned, stated } = row.settling;
  const found = returned.size;
  if (facts !== null && sealed !== null) {
    const { projectUid, id: deletionId, owner } = row;
    const { sequence, now: issuedAt } = facts;
    const amendment = { projectUid, deletionId, owner, sequence, ...sealed, issuedAt };
    tx.rows.amendments.set(sequence, { amendment, copied: false });
    for (const hash of returned.keys()) stated.add(hash);
    row.settling.statedLeft = totalOf(end.left);
    const { receiptHash } = facts;
    const data = { ...deletionFacts(row), receiptHash, amendmentHash: sealed.hash };
    emit(tx, { type: "receipt.amended", data });
  }
  // Kept where it could not be looked at: then it is still to be stated.
  if (end.left !== null) returned.clear();
  const isClean = end.left !== null && found === 0;
  const result = facts !== null ? "amended" : isClean ? "clean" : "unknown";
  const written: SettleResult = { at: tx.now, result, found };
  row.settling.results.push(written);
  goOn(tx, row, end);
  return written;
}

function goOn(tx: Tx, deletion: DeletionRow, { left, retryInMs }: SettleEnd): void {
  const row = deletion.settling;
  deletion.leaseUntil = 0;
  if (left === null || totalOf(left) > 0) {
    row.dueAt = tx.now + retryInMs;
    row.tries++;
    return;
  }
  const [next, ...later] = row.later.filter((at) => at > tx.now);
  row.dueAt = next ?? null;
  row.later = later;
  row.tries = 0;
}

export function listSettles(tx: Tx, id: string): readonly SettleResult[] {
  return tx.rows.deletions.get(id)?.settling.results ?? [];
}

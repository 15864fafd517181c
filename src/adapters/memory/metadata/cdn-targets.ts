import { isTerminal } from "../../../core/deletion.ts";
import { toHex } from "../../../core/encoding.ts";
import { type CdnTarget, StaleClaimError } from "../../../ports/metadata/index.ts";
import type { DeletionRow, Tx } from "./state.ts";

/** Of a deletion that is under way, or whose settle is. @throws StaleClaimError */
function working(tx: Tx, id: string, token: number): DeletionRow {
  const row = tx.rows.deletions.get(id);
  const isSettling = row?.state === "completed" && row.settling.dueAt !== null;
  if (row?.token === token && (isSettling || !isTerminal(row.state))) {
    row.revision++;
    return row;
  }
  throw new StaleClaimError(`claim ${token} on ${id} is not the newest, or its work has ended`);
}

export function recordCdnTargets(
  tx: Tx,
  id: string,
  token: number,
  targets: readonly CdnTarget[],
): void {
  const { cdnTargets } = working(tx, id, token);
  for (const { hash, target } of targets) {
    cdnTargets.set(toHex(hash), { hash: hash.slice(), target, acceptedAt: null });
  }
}

export function pendingCdnTargets(
  tx: Tx,
  id: string,
  token: number,
  limit: number,
  after: Uint8Array | undefined,
): readonly CdnTarget[] {
  const { cdnTargets } = working(tx, id, token);
  const from = after === undefined ? "" : toHex(after);
  return [...cdnTargets.entries()]
    .filter(([hex]) => hex > from)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, { hash, target }]) => (target === null ? [] : [{ hash, target }]))
    .slice(0, limit);
}

export function acceptCdnTargets(
  tx: Tx,
  id: string,
  token: number,
  hashes: readonly Uint8Array[],
): void {
  const { cdnTargets, state } = working(tx, id, token);
  for (const hash of hashes) {
    const known = cdnTargets.get(toHex(hash));
    if (!known) continue;
    if (state === "completed") cdnTargets.delete(toHex(hash));
    else if (known.acceptedAt === null) {
      cdnTargets.set(toHex(hash), { hash: known.hash, target: null, acceptedAt: tx.now });
    }
  }
}

export function dropCdnTargets(tx: Tx, id: string, token: number): void {
  working(tx, id, token).cdnTargets.clear();
}

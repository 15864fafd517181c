import { projectStateOf } from "../../../core/deletion.ts";
import type { Deletion, Instant, Project } from "../../../core/model.ts";
import type { Buried } from "../../../ports/metadata/index.ts";
import { standingDeletion, viewOf } from "./deletions.ts";
import { newDeletion } from "./new-deletion.ts";
import { findProject } from "./projects.ts";
import type { DeletionRow, Tx } from "./state.ts";

export function newestTombstone(tx: Tx): Instant | null {
  let newest: Instant | null = null;
  for (const { tombstoneKey, purgeStartedAt } of tx.rows.deletions.values()) {
    if (tombstoneKey === null || purgeStartedAt === null) continue;
    newest = Math.max(newest ?? 0, purgeStartedAt);
  }
  return newest;
}

export function buryAgain(tx: Tx, buried: Buried): Deletion | null {
  const known = tx.rows.projects.get(buried.projectUid);
  if (known?.state === "deleted") return null;
  if (known?.state === "deleting") {
    takeBackReceipt(tx, buried);
    return null;
  }
  const project = known ?? lostProject(tx, buried);
  const state = "deleting";
  tx.rows.projects.set(project.uid, { ...project, state: projectStateOf(state), hold: null });
  const standing = standingDeletion(tx, project.uid);
  // A standing one of another id had been undone before the one that the tombstone is of.
  if (standing && standing.id !== buried.deletionId) standing.state = "restored";
  const isKnown = standing?.id === buried.deletionId;
  const row = isKnown ? standing : lostDeletion(tx, buried, project);
  row.state = state;
  row.blocked = null;
  row.purgeAfter = Math.min(row.purgeAfter, buried.purgeStartedAt);
  row.purgeStartedAt = buried.purgeStartedAt;
  row.tombstoneKey = buried.tombstoneKey;
  takeBackReceipt(tx, buried);
  return viewOf(row);
}

/** Where its id is another project's by now, legacy objects of that id are no business of this one. */
function lostProject(tx: Tx, { projectId, projectUid, owner }: Buried): Project {
  return {
    id: findProject(tx, projectId) ? projectUid : projectId,
    uid: projectUid,
    name: "",
    owner,
    state: "deleting",
    fileCount: 0,
    sizeBytes: 0,
    quotaBytes: null,
    createdAt: tx.now,
    expiresAt: null,
    hold: null,
    metadata: {},
  };
}

function lostDeletion(tx: Tx, buried: Buried, project: Project): DeletionRow {
  const row = newDeletion({
    id: buried.deletionId,
    projectId: project.id,
    projectUid: project.uid,
    owner: project.owner,
    requestedAt: buried.requestedAt,
    requestedBy: buried.requestedBy,
    salt: buried.salt.slice(),
    state: "deleting",
    purgeAfter: buried.purgeStartedAt,
    purgeStartedAt: buried.purgeStartedAt,
    tombstoneKey: buried.tombstoneKey,
  });
  tx.rows.deletions.set(row.id, row);
  return row;
}

function takeBackReceipt(tx: Tx, { receipt, projectUid }: Buried): void {
  if (receipt === null) return;
  const { receipts, amendments } = tx.rows;
  const { sequence } = receipt;
  const isTaken = receipts.values().some((row) => row.receipt.sequence === sequence);
  if (isTaken || amendments.has(sequence) || receipts.has(projectUid)) return;
  receipts.set(projectUid, { receipt: { ...receipt }, copied: true });
}

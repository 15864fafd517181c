import { sql } from "kysely";
import { projectStateOf, transition } from "../../core/deletion.ts";
import { ExpungeError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { MerkleTree } from "../../core/merkle.ts";
import type { Deletion, Instant, Surface, SurfaceCounts } from "../../core/model.ts";
import { type Sealed, type SealFacts, StaleClaimError } from "../../ports/metadata/index.ts";
import { cdnCounts, forgetCdnTargets } from "./cdn-targets.ts";
import { claimed, inOrder, type LockedDeletion, viewOf } from "./deletion-rows.ts";
import { NOT_BLOCKED, projectOfDeletion } from "./deletions.ts";
import { forgetIdempotent } from "./idempotency.ts";
import { lockProject } from "./projects.ts";
import { addAmendment, addReceipt, findReceipt, lockChain } from "./receipts.ts";
import type { DeletionRow } from "./schema.ts";
import { bytesOf, readNow, type Session } from "./session.ts";
import { deletionFacts, emit } from "./webhooks.ts";

/** What the removal log says, and the revision of the deletion at which it was read. */
export interface Counted {
  readonly revision: number;
  readonly surfaces: readonly SurfaceCounts[];
  readonly cdnAcceptedAt: Instant | null;
  readonly leaves: number;
  readonly merkleRoot: Uint8Array;
}

/** @throws StaleClaimError, ExpungeError `internal` */
export async function checkCompletable(
  session: Session,
  id: string,
  token: number,
): Promise<LockedDeletion> {
  const locked = await claimed(session, id, token);
  const problem = await obstacle(session, locked.row);
  if (problem === null) return locked;
  throw new ExpungeError("internal", `${id} cannot be completed: ${problem}.`);
}

/** What stands against a receipt (I3, R6, R7), or null. */
async function obstacle(session: Session, row: DeletionRow): Promise<string | null> {
  if (row.state !== "verifying") return `it is '${row.state}'`;
  const { fenced_at: fencedAt, evidence } = row;
  const { rows } = await sql<{ residue: boolean; left: boolean; pending: boolean }>`select
    exists (select from expunge.residue where deletion = ${row.number}) as residue,
    exists (select from expunge.files where project_uid = ${row.project_uid})
      or exists (select from expunge.uploads where project_uid = ${row.project_uid})
      or exists (select from expunge.removals where project_uid = ${row.project_uid}) as left,
    exists (select from expunge.cdn_targets where deletion = ${row.number} and accepted_at is null)
      as pending`.execute(session.db);
  if (rows[0]?.residue !== false) return "keys are residue";
  if (rows[0].left) return "rows of the project are left";
  if (rows[0].pending) return "purges of the CDN are pending";
  if (fencedAt === null) return "there is no fence";
  if (evidence.length === 0) return "there is no evidence";
  const isGood = evidence.every(({ at, entries }) => at >= fencedAt && entries === 0);
  return isGood ? null : "a listing is older than the fence, or showed something";
}

/**
 * Reads the whole removal log, page by page in the order of the leaves' bytes, and counts. This runs
 * before the final transaction, which looks whether the revision still stands: a million leaves take
 * seconds, in which neither the chain's head nor the one session of an embedded database is held.
 */
export async function countLog(session: Session, row: DeletionRow): Promise<Counted> {
  const tree = new MerkleTree();
  const surfaces = new Map<Surface, SurfaceCounts>();
  const countsOf = (surface: Surface): SurfaceCounts => surfaces.get(surface) ?? none(surface);
  let after = { leaf: "", hash: "" };
  for (;;) {
    const page = await leavesAfter(session, row.number, after);
    for (const { leaf, surface, bytes } of page) {
      tree.add(bytesOf(leaf));
      const counts = countsOf(surface);
      const found = counts.found + 1;
      surfaces.set(surface, { ...counts, found, deleted: found, bytes: counts.bytes + bytes });
    }
    const last = page.at(-1);
    if (!last || page.length < LIMITS.leafPageRows) break;
    after = last;
  }
  const { rows } = await sql<{ surface: Surface; absent: number }>`
    select surface, count(*) as absent from expunge.removal_log
    where deletion = ${row.number} and not seen group by surface`.execute(session.db);
  for (const { surface, absent } of rows) surfaces.set(surface, { ...countsOf(surface), absent });
  const cdn = await cdnCounts(session, row.number);
  if (cdn !== null) {
    surfaces.set("cdn", { ...none("cdn"), found: cdn.accepted, deleted: cdn.accepted });
  }
  return {
    revision: row.revision,
    cdnAcceptedAt: cdn?.acceptedAt ?? null,
    surfaces: inOrder([...surfaces.values()]),
    leaves: tree.size,
    merkleRoot: tree.root(),
  };
}

interface Leaf {
  readonly leaf: string;
  readonly hash: string;
  readonly surface: Surface;
  readonly bytes: number;
}

async function leavesAfter(
  { db }: Session,
  deletion: number,
  after: Pick<Leaf, "leaf" | "hash">,
): Promise<readonly Leaf[]> {
  const { rows } = await sql<Leaf>`
    select encode(leaf, 'hex') as leaf, encode(key_hash, 'hex') as hash, surface, bytes
    from expunge.removal_log
    where deletion = ${deletion} and seen
      and (leaf, key_hash) > (decode(${after.leaf}, 'hex'), decode(${after.hash}, 'hex'))
    order by removal_log.leaf, removal_log.key_hash
    limit ${LIMITS.leafPageRows}`.execute(db);
  return rows;
}

function none(surface: Surface): SurfaceCounts {
  const counts = { found: 0, deleted: 0, absent: 0, failed: 0, blocked: 0, unknown: 0, bytes: 0 };
  return { surface, ...counts };
}

/**
 * The final transaction (R7): project, deletion and chain's head are locked, everything is checked
 * again, and what was counted holds still because the revision does.
 */
export async function complete(
  session: Session,
  id: string,
  token: number,
  counted: Counted,
  seal: (facts: SealFacts) => Promise<Sealed>,
  settleAfterMs: readonly number[],
): Promise<Deletion> {
  const projectUid = await projectOfDeletion(session, id);
  if (projectUid === null) throw new StaleClaimError(`there is no deletion ${id}`);
  await lockProject(session, projectUid, "update");
  const { row } = await checkCompletable(session, id, token);
  if (row.revision !== counted.revision) {
    throw new ExpungeError("internal", `${id} was written to while it was being completed.`);
  }
  const facts = await factsOf(session, row, counted);
  const receiptHash = await state(session, row, facts, seal);
  await writeEnd(session, row, facts.now, counted.surfaces);
  const data = { ...deletionFacts(row), receiptHash };
  await emit(session, facts.now, { type: "project.deleted", data });
  const [first, ...later] = settleAfterMs.map((ms) => facts.now + ms).sort((a, b) => a - b);
  await session.db
    .updateTable("expunge.deletions")
    .set({ settle_due_at: first ?? null, settle_later: JSON.stringify(later) })
    .where("id", "=", id)
    .execute();
  return await viewOf(session, id);
}

/** Writes the receipt, or what is to be said beside one that is there. Answers the receipt's hash. */
async function state(
  session: Session,
  row: DeletionRow,
  facts: SealFacts,
  seal: (facts: SealFacts) => Promise<Sealed>,
): Promise<string> {
  if (facts.amends === null) {
    const sealed = await seal(facts);
    await addReceipt(session, row, facts, sealed);
    return sealed.hash;
  }
  if (facts.leaves > 0) await addAmendment(session, row, facts, await seal(facts), facts.amends);
  return facts.amends;
}

async function factsOf(session: Session, row: DeletionRow, counted: Counted): Promise<SealFacts> {
  const head = await lockChain(session);
  const receipt = await findReceipt(session, row.project_uid);
  return {
    deletion: await viewOf(session, row.id),
    surfaces: counted.surfaces,
    leaves: counted.leaves,
    merkleRoot: counted.merkleRoot,
    evidence: row.evidence,
    cdnAcceptedAt: counted.cdnAcceptedAt,
    sequence: head.sequence + 1,
    previousHash: head.hash,
    now: await readNow(session),
    amends: receipt?.hash ?? null,
  };
}

async function writeEnd(
  session: Session,
  row: DeletionRow,
  now: Instant,
  surfaces: readonly SurfaceCounts[],
): Promise<void> {
  const { db } = session;
  const state = transition(row.state, "verified");
  if (state === null) throw new Error(`${row.id} cannot be completed from '${row.state}'`);
  await db
    .updateTable("expunge.deletions")
    .set({ ...NOT_BLOCKED, state, completed_at: now, lease_until: 0 })
    .where("id", "=", row.id)
    .execute();
  // Exact from here on: what was progress is replaced by what the log says.
  await forgetCdnTargets(session, row.number);
  await db.deleteFrom("expunge.surface_counts").where("deletion", "=", row.number).execute();
  for (const { surface, found, absent, bytes } of surfaces) {
    await db
      .insertInto("expunge.surface_counts")
      .values({
        deletion: row.number,
        surface,
        found,
        gone: found,
        absent,
        failed: 0,
        blocked: 0,
        unknown: 0,
        bytes,
      })
      .execute();
  }
  // What remains of the project: id, uid, owner and times (R7).
  await db
    .updateTable("expunge.projects")
    .set({
      state: projectStateOf(state),
      name: "",
      metadata: "{}",
      file_count: 0,
      size_bytes: 0,
    })
    .where("uid", "=", row.project_uid)
    .execute();
  await forgetIdempotent(session, row.project_uid);
}

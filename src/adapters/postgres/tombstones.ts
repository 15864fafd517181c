import { sql } from "kysely";
import { projectStateOf } from "../../core/deletion.ts";
import { ExpungeError } from "../../core/errors.ts";
import type { Deletion, Instant, Project } from "../../core/model.ts";
import type { Buried } from "../../ports/metadata/index.ts";
import { viewOf } from "./deletion-rows.ts";
import { NOT_BLOCKED, standingDeletion } from "./deletions.ts";
import { newDeletion } from "./new-deletion.ts";
import { findProjectByUid, lockProject } from "./projects.ts";
import { lockChain, takeBackReceipt } from "./receipts.ts";
import { readNow, type Session } from "./session.ts";

export async function newestTombstone({ db }: Session): Promise<Instant | null> {
  const row = await db
    .selectFrom("expunge.deletions")
    .select((select) => select.fn.max("purge_started_at").as("newest"))
    .where("tombstone_key", "is not", null)
    .executeTakeFirst();
  return row?.newest ?? null;
}

export async function buryAgain(session: Session, buried: Buried): Promise<Deletion | null> {
  await insertLost(session, buried);
  const { project } = await lockProject(session, buried.projectUid, "update");
  // A row that was just inserted is active, so that there is one way on from here.
  if (project.state === "deleted") return null;
  if (project.state === "deleting") {
    await takeBack(session, buried);
    return null;
  }
  const state = "deleting";
  await session.db
    .updateTable("expunge.projects")
    .set({ state: projectStateOf(state), hold_reason: null, hold_placed_at: null })
    .where("uid", "=", project.uid)
    .execute();
  await insertDeletion(session, buried, project);
  await session.db
    .updateTable("expunge.deletions")
    .set({
      ...NOT_BLOCKED,
      state,
      purge_after: sql<Instant>`least(purge_after, ${buried.purgeStartedAt}::bigint)`,
      purge_started_at: buried.purgeStartedAt,
      tombstone_key: buried.tombstoneKey,
    })
    .where("id", "=", buried.deletionId)
    .execute();
  await takeBack(session, buried);
  return await viewOf(session, buried.deletionId);
}

async function takeBack(session: Session, { receipt }: Buried): Promise<void> {
  if (receipt) await takeBackReceipt(session, await lockChain(session), receipt);
}

/**
 * The row of a project that the database does not know. Where its id is another project's by now,
 * legacy objects of that id are no business of this one.
 */
async function insertLost(session: Session, buried: Buried): Promise<void> {
  if (await findProjectByUid(session, buried.projectUid)) return;
  const now = await readNow(session);
  for (const id of [buried.projectId, buried.projectUid]) {
    await session.db
      .insertInto("expunge.projects")
      .values({
        uid: buried.projectUid,
        id,
        name: "",
        owner: buried.owner,
        state: "active",
        file_count: 0,
        size_bytes: 0,
        quota_bytes: null,
        created_at: now,
        expires_at: null,
        hold_reason: null,
        hold_placed_at: null,
        metadata: "{}",
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    if (await findProjectByUid(session, buried.projectUid)) return;
  }
  throw new ExpungeError("internal", `The row of ${buried.projectUid} could not be made.`);
}

async function insertDeletion(session: Session, buried: Buried, project: Project): Promise<void> {
  const standing = await standingDeletion(session, project.uid);
  if (standing === buried.deletionId) return;
  if (standing !== null) {
    // One of another id had been undone before the one that the tombstone is of.
    await session.db
      .updateTable("expunge.deletions")
      .set({ ...NOT_BLOCKED, state: "restored", lease_until: 0 })
      .where("id", "=", standing)
      .execute();
  }
  const { deletionId: id, requestedBy, salt, requestedAt, purgeStartedAt: purgeAfter } = buried;
  await session.db
    .insertInto("expunge.deletions")
    .values(
      newDeletion({ id, requestedBy, salt }, project, {
        state: "deleting",
        requestedAt,
        purgeAfter,
      }),
    )
    .execute();
}

import { sql } from "kysely";
import { refuseAtCap } from "../../core/deletion-cap.ts";
import type { Instant } from "../../core/model.ts";
import type { DeletionRequest } from "../../ports/metadata/index.ts";
import type { Session } from "./session.ts";

/**
 * Counted under a lock of the requester, the last one that the transaction takes: of requests at the
 * same time none is overlooked.
 * @throws ExpungeError `too-many-deletions`
 */
export async function refuseMoreThan(
  { db }: Session,
  { requestedBy, cap }: DeletionRequest,
  now: Instant,
): Promise<void> {
  if (!cap) return;
  const lock = `expunge deletions of ${requestedBy}`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${lock}, 0))`.execute(db);
  const lately = await db
    .selectFrom("expunge.deletions")
    .select("requested_at")
    .where("requested_by", "=", requestedBy)
    .where("requested_at", ">", now - cap.withinMs)
    .where("state", "<>", "restored")
    .orderBy("requested_at", "desc")
    .limit(cap.deletions)
    .execute();
  refuseAtCap(
    cap,
    lately.map((row) => row.requested_at),
    now,
  );
}

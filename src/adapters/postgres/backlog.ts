import { sql } from "kysely";
import type { DeletionState } from "../../core/model.ts";
import type { Backlog, OpenDeletions } from "../../ports/metadata/index.ts";
import type { Session } from "./session.ts";

interface OpenRow {
  readonly state: DeletionState;
  readonly count: number;
  readonly blocked: number;
  readonly overdue: number | null;
}

/** One statement each for what is open and for what waits beside it; both read partial indexes. */
export async function backlog({ db, clock }: Session): Promise<Backlog> {
  const { rows } = await sql<OpenRow>`
    select deletions.state,
           count(*) as count,
           count(*) filter (where deletions.blocked_since is not null) as blocked,
           max(${clock} - deletions.purge_after)
             filter (where projects.hold_placed_at is null and deletions.purge_after <= ${clock})
             as overdue
      from expunge.deletions
      join expunge.projects on projects.uid = deletions.project_uid
     where deletions.state in ('trashed', 'deleting', 'verifying')
     group by deletions.state`.execute(db);
  const beside = await sql<{ readonly removals: number; readonly uncopied: number }>`
    select (select count(*) from expunge.removals where held_by is null) as removals,
           (select count(*) from expunge.receipts where not copied)
             + (select count(*) from expunge.amendments where not copied) as uncopied`.execute(db);
  const inState = (state: keyof OpenDeletions): number =>
    rows.find((row) => row.state === state)?.count ?? 0;
  return {
    deletions: {
      trashed: inState("trashed"),
      deleting: inState("deleting"),
      verifying: inState("verifying"),
    },
    blocked: rows.reduce((sum, row) => sum + row.blocked, 0),
    overdueMs: Math.max(0, ...rows.map(({ overdue }) => overdue ?? 0)),
    removals: beside.rows[0]?.removals ?? 0,
    uncopied: beside.rows[0]?.uncopied ?? 0,
  };
}

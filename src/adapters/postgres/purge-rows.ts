import { sql } from "kysely";
import { ExpungeError } from "../../core/errors.ts";
import type { TrackedKey } from "../../ports/metadata/index.ts";
import { changing } from "./deletion-rows.ts";
import { cursor, type Session } from "./session.ts";

/** Where rows of a project name keys whose objects have been. */
const TRACKED = [sql.raw("expunge.files"), sql.raw("expunge.removals")] as const;
/** And those that may yet have become objects. */
const NAMED = [...TRACKED, sql.raw("expunge.uploads")] as const;

/** What goes at the end; what audits found names keys of the project too. */
const ERASED = [...NAMED, sql.raw("expunge.audit_findings")] as const;

/**
 * Each branch reads its first keys from an index; without doubles within a branch, or it could end
 * before the others and leave keys out.
 */
export async function trackedKeys(
  { db }: Session,
  projectUid: string,
  limit: number,
  after: string | undefined,
): Promise<readonly TrackedKey[]> {
  const later = after === undefined ? sql`key is not null` : sql`key > ${cursor(after)}`;
  const branches = TRACKED.map(
    (table) => sql`(
      select key, max(size_bytes) as size_bytes from ${table}
      where project_uid = ${projectUid} and ${later}
      group by key order by key limit ${limit}
    )`,
  );
  const { rows } = await sql<TrackedKey>`
    select key, max(size_bytes)::bigint as "sizeBytes"
    from (${sql.join(branches, sql` union all `)}) as named
    group by key order by key limit ${limit}`.execute(db);
  return rows;
}

/** No row names a key with a NUL: text does not hold one. */
export async function whichTracked(
  { db }: Session,
  projectUid: string,
  keys: readonly string[],
): Promise<ReadonlySet<string>> {
  const asked = keys.filter((key) => key.isWellFormed() && !key.includes("\0"));
  if (asked.length === 0) return new Set();
  const isNamed = NAMED.map(
    (table) => sql`exists (
      select from ${table} as one where one.project_uid = ${projectUid} and one.key = asked.key
    )`,
  );
  const { rows } = await sql<{ key: string }>`
    select asked.key from unnest(${sql.val(asked)}::text[]) as asked(key)
    where ${sql.join(isNamed, sql` or `)}`.execute(db);
  return new Set(rows.map(({ key }) => key));
}

/** One batch: files, then uploads (also committed ones), then removals (R7, R9). */
export async function eraseRows(
  session: Session,
  id: string,
  token: number,
  limit: number,
): Promise<number> {
  const { row } = await changing(session, id, token);
  if (row.state !== "verifying") {
    throw new ExpungeError("internal", `${id} is '${row.state}': rows outlive bytes (R9).`);
  }
  let erased = 0;
  for (const table of ERASED) {
    if (erased >= limit) break;
    // After the fence nobody else changes these rows, so their places hold still.
    const { numAffectedRows } = await sql`
      delete from ${table} where ctid = any(array(
        select ctid from ${table} where project_uid = ${row.project_uid} limit ${limit - erased}
      ))`.execute(session.db);
    erased += Number(numAffectedRows ?? 0n);
  }
  if (erased >= limit) return erased;
  const { numAffectedRows } = await sql`
    delete from expunge.run_notes where ctid = any(array(
      select ctid from expunge.run_notes where project_id = ${row.project_id} limit ${limit - erased}
    ))`.execute(session.db);
  return erased + Number(numAffectedRows ?? 0n);
}

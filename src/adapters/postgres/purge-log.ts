import { type RawBuilder, sql } from "kysely";
import { utf8 } from "../../core/encoding.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Residue, Surface } from "../../core/model.ts";
import type { RemovalEntry } from "../../ports/metadata/index.ts";
import { changing } from "./deletion-rows.ts";
import { printable } from "./removals.ts";
import { hexOf, type Session } from "./session.ts";

/** A page as rows; a key that is in it twice is one row, the first. */
export function pageOf(entries: readonly RemovalEntry[]): RawBuilder<unknown> {
  const unique = new Map<string, RemovalEntry>();
  for (const entry of entries) {
    const hash = hexOf(entry.keyHash);
    if (!unique.has(hash)) unique.set(hash, entry);
  }
  const hashes = [...unique.keys()];
  const leaves = Array.from(unique.values(), ({ leaf }) => hexOf(leaf));
  const bytes = Array.from(unique.values(), (entry) => entry.bytes);
  return sql`
    select decode(key_hash, 'hex') as key_hash, decode(leaf, 'hex') as leaf, bytes
    from unnest(${sql.val(hashes)}::text[], ${sql.val(leaves)}::text[], ${sql.val(bytes)}::bigint[])
      as page(key_hash, leaf, bytes)`;
}

/**
 * Page and counters in one statement (R5). A key that was counted as absent, and shows up after all,
 * moves from the one count to the other. The deletion is locked, so nothing comes in between.
 */
export async function recordPage(
  session: Session,
  id: string,
  token: number,
  surface: Surface,
  entries: readonly RemovalEntry[],
): Promise<void> {
  const { row } = await changing(session, id, token);
  if (entries.length === 0) return;
  await sql`
    with page as materialized (${pageOf(entries)}),
    was_absent as materialized (
      select log.surface, count(*) as keys
      from expunge.removal_log as log join page using (key_hash)
      where log.deletion = ${row.number} and not log.seen
      group by log.surface
    ),
    listed as (
      insert into expunge.removal_log as log (deletion, key_hash, leaf, surface, bytes, seen)
      select ${row.number}::bigint, key_hash, leaf, ${surface}, bytes, true from page
      on conflict (deletion, key_hash) do update
        set leaf = excluded.leaf, surface = excluded.surface, bytes = excluded.bytes, seen = true
        where not log.seen
      returning log.bytes
    ),
    changes as (
      select ${surface}::text as surface, count(*) as found, 0 as absent,
        coalesce(sum(bytes), 0)::bigint as bytes
      from listed
      union all
      select surface, 0, -keys, 0 from was_absent
    )
    insert into expunge.surface_counts as counts (deletion, surface, found, absent, bytes)
    select ${row.number}::bigint, surface, sum(found), sum(absent), sum(bytes) from changes
    group by surface
    on conflict (deletion, surface) do update set
      found = counts.found + excluded.found,
      absent = counts.absent + excluded.absent,
      bytes = counts.bytes + excluded.bytes`.execute(session.db);
}

export async function retractEntry(
  session: Session,
  id: string,
  token: number,
  keyHash: Uint8Array,
): Promise<void> {
  const { row } = await changing(session, id, token);
  await sql`
    with gone as (
      delete from expunge.removal_log
      where deletion = ${row.number}::bigint and key_hash = decode(${hexOf(keyHash)}, 'hex')
      returning surface, bytes, seen
    )
    update expunge.surface_counts as counts set
      found = counts.found - (gone.seen)::int,
      absent = counts.absent - (not gone.seen)::int,
      bytes = counts.bytes - case when gone.seen then gone.bytes else 0 end
    from gone
    where counts.deletion = ${row.number}::bigint and counts.surface = gone.surface`.execute(
    session.db,
  );
}

export async function recordAbsent(
  session: Session,
  id: string,
  token: number,
  surface: Surface,
  entries: readonly RemovalEntry[],
): Promise<void> {
  const { row } = await changing(session, id, token);
  if (entries.length === 0) return;
  await sql`
    with page as materialized (${pageOf(entries)}),
    missing as (
      insert into expunge.removal_log (deletion, key_hash, leaf, surface, bytes, seen)
      select ${row.number}::bigint, key_hash, leaf, ${surface}, bytes, false from page
      on conflict (deletion, key_hash) do nothing
      returning 1
    )
    insert into expunge.surface_counts as counts (deletion, surface, absent)
    select ${row.number}::bigint, ${surface}, count(*) from missing
    on conflict (deletion, surface) do update set
      absent = counts.absent + excluded.absent`.execute(session.db);
}

export async function recordProgress(
  session: Session,
  id: string,
  token: number,
  surface: Surface,
  gone: number,
): Promise<void> {
  const { row } = await changing(session, id, token);
  await sql`
    insert into expunge.surface_counts as counts (deletion, surface, gone)
    values (${row.number}::bigint, ${surface}, ${gone}::bigint)
    on conflict (deletion, surface) do update set gone = counts.gone + excluded.gone`.execute(
    session.db,
  );
}

export async function replaceResidue(
  session: Session,
  id: string,
  token: number,
  residue: readonly Residue[],
): Promise<void> {
  const { row } = await changing(session, id, token);
  await session.db.deleteFrom("expunge.residue").where("deletion", "=", row.number).execute();
  for (let at = 0; at < residue.length; at += LIMITS.residueBatchRows) {
    await insertResidue(session, row.number, residue.slice(at, at + LIMITS.residueBatchRows));
  }
  await session.db
    .updateTable("expunge.surface_counts")
    .set({ failed: 0, blocked: 0, unknown: 0 })
    .where("deletion", "=", row.number)
    .execute();
  await sql`
    insert into expunge.surface_counts as counts (deletion, surface, failed, blocked, unknown)
    select deletion, surface,
      count(*) filter (where outcome = 'failed'),
      count(*) filter (where outcome = 'blocked'),
      count(*) filter (where outcome = 'unknown')
    from expunge.residue where deletion = ${row.number} group by deletion, surface
    on conflict (deletion, surface) do update set
      failed = excluded.failed, blocked = excluded.blocked, unknown = excluded.unknown`.execute(
    session.db,
  );
}

async function insertResidue(
  { db }: Session,
  deletion: number,
  residue: readonly Residue[],
): Promise<void> {
  const column = (field: (one: Residue) => string): RawBuilder<readonly string[]> =>
    sql`${sql.val(residue.map(field))}::text[]`;
  await sql`
    insert into expunge.residue (deletion, surface, key, outcome, code, message)
    select ${deletion}::bigint, surface, decode(key, 'hex'), outcome, code, message
    from unnest(
      ${column(({ surface }) => surface)}, ${column(({ key }) => hexOf(utf8(key)))},
      ${column(({ outcome }) => outcome)}, ${column(({ code }) => code)},
      ${column(({ message }) => printable(message))}
    ) as page(surface, key, outcome, code, message)`.execute(db);
}

import { type RawBuilder, sql } from "kysely";
import type {
  SplitQuery,
  StoredFile,
  StoredFileCursor,
  StoredFileQuery,
} from "../../ports/metadata/index.ts";
import { cursor, type Session } from "./session.ts";

const COLUMNS = sql.raw(`
  uid as "fileUid", project_uid as "projectUid", path, key, size_bytes as "sizeBytes", etag, sha256,
  updated_at as "updatedAt"`);

/** From an index in the order of the keys. */
export async function listStoredFiles(
  { db }: Session,
  { limit, after, until }: StoredFileQuery,
): Promise<readonly StoredFile[]> {
  const later = after === undefined ? sql`true` : behind(after);
  const sooner = until === undefined ? sql`true` : sql`key <= ${cursor(until)}`;
  const { rows } = await sql<StoredFile>`
    select ${COLUMNS} from expunge.files
    where key is not null and ${later} and ${sooner}
    order by key, uid limit ${limit}`.execute(db);
  return rows;
}

function behind({ key, fileUid }: StoredFileCursor): RawBuilder<unknown> {
  return fileUid === null
    ? sql`key > ${cursor(key)}`
    : sql`(key, uid) > (${cursor(key)}, ${fileUid})`;
}

/** Counted first, so that the places are known while the index is read once, from its start to its end. */
export async function splitStoredKeys(
  { db }: Session,
  { parts, rowsMin }: SplitQuery,
): Promise<readonly string[]> {
  const { rows } = await sql<{ key: string }>`
    with files as (
      select count(*) as total, least(${parts}::bigint, count(*) / ${rowsMin}::bigint) as ranges
      from expunge.files where key is not null
    ), places as (
      select (total - 1) * i / ranges as place from files, generate_series(0, ranges) as each(i)
      where ranges >= 2
    )
    select distinct key from places join (
      select key, row_number() over (order by key) - 1 as place
      from expunge.files where key is not null
    ) as one using (place)
    order by key`.execute(db);
  return rows.map(({ key }) => key);
}

export async function findStoredFiles(
  { db }: Session,
  keys: readonly string[],
): Promise<readonly StoredFile[]> {
  const asked = storable(keys);
  if (asked.length === 0) return [];
  const { rows } = await sql<StoredFile>`
    select ${COLUMNS} from expunge.files
    where key = any(${sql.val(asked)}::text[]) order by key, uid`.execute(db);
  return rows;
}

export async function whichNamed(
  { db }: Session,
  keys: readonly string[],
): Promise<ReadonlySet<string>> {
  const asked = storable(keys);
  if (asked.length === 0) return new Set();
  const { rows } = await sql<{ key: string }>`
    select asked.key from unnest(${sql.val(asked)}::text[]) as asked(key)
    where exists (select from expunge.files as one where one.key = asked.key)
      or exists (select from expunge.removals as one where one.key = asked.key)
      or exists (select from expunge.uploads as one where one.key = asked.key)`.execute(db);
  return new Set(rows.map(({ key }) => key));
}

export async function whichUploadsStand(
  { db, clock }: Session,
  storeUploadIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const asked = storable(storeUploadIds);
  if (asked.length === 0) return new Set();
  const { rows } = await sql<{ id: string }>`
    select store_upload_id as id from expunge.uploads
    where store_upload_id = any(${sql.val(asked)}::text[])
      and state <> 'committed' and not settled
      and (state <> 'open' or expires_at > (select ${clock}))`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

/** No row names a text with a NUL or half a character: there are none in a database. */
function storable(texts: readonly string[]): readonly string[] {
  return texts.filter((text) => text.isWellFormed() && !text.includes("\0"));
}

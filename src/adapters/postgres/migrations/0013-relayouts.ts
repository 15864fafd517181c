import { type Kysely, sql } from "kysely";

const TEXT = `text collate "C"`;

/** Removals that a relayout holds until it is finished or undone, and the file whose object it was. */
const STATEMENTS = [
  `alter table expunge.removals add column held_by ${TEXT}`,
  `alter table expunge.removals add column file_uid ${TEXT}`,
  `alter table expunge.removals add column etag ${TEXT}`,
  `create index removals_held on expunge.removals (held_by, key) where held_by is not null`,
  `create index removals_of_file on expunge.removals (file_uid) where file_uid is not null`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

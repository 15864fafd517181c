import { sql } from "kysely";
import { afterAll, beforeAll } from "vitest";
import { type EmbeddedDatabase, openInMemory } from "../../src/adapters/pglite/open.ts";
import { PostgresMetadataStore } from "../../src/adapters/postgres/metadata-store.ts";
import { DATABASE_CLOCK } from "../../src/adapters/postgres/session.ts";
import { type Migrated, openMigrated } from "../../src/adapters/postgres/store-base.ts";
import { metadataStoreContract, type Subject } from "./metadata-store.ts";

/** A setting that only tests make: how far the database's clock is moved. */
const OFFSET = "expunge_test.clock_offset_ms";
const MOVED_CLOCK = sql<number>`(${DATABASE_CLOCK} + coalesce(nullif(current_setting('${sql.raw(OFFSET)}', true), '')::bigint, 0))`;

/** Deleting is quicker than truncating where there is little. */
const TABLES =
  "receipts residue removal_log surface_counts deletions removals uploads files projects public_keys";
const EMPTY = `${TABLES.split(" ")
  .map((table) => `delete from expunge.${table};`)
  .join("\n")}
  update expunge.chain_head set sequence = 0, hash = null`;

let opened: { readonly database: EmbeddedDatabase; readonly db: Migrated } | undefined;

beforeAll(async () => {
  const database = await openInMemory();
  opened = { database, db: await openMigrated(database.dialect) };
});

afterAll(async () => {
  await opened?.database.close();
});

/** One database for all tests of this file; each finds it empty, with the clock unmoved. */
async function makePglite(): Promise<Subject> {
  if (!opened) throw new Error("the database is there within a test only");
  const { session } = opened.database;
  await session.exec(EMPTY);
  let offsetMs = 0;
  const move = async (): Promise<void> => {
    await session.query("select set_config($1, $2, false)", [OFFSET, String(offsetMs)]);
  };
  await move();
  return {
    store: new PostgresMetadataStore(opened.db, { clock: MOVED_CLOCK }),
    advance: async (ms) => {
      offsetMs += ms;
      await move();
    },
    cleanup: () => Promise.resolve(),
  };
}

metadataStoreContract("pglite", makePglite);

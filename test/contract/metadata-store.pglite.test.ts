import { afterAll, beforeAll } from "vitest";
import { type EmbeddedDatabase, openInMemory } from "../../src/adapters/pglite/open.ts";
import { type Migrated, openMigrated } from "../../src/adapters/postgres/store-base.ts";
import { emptied, makeMovable } from "./metadata-sql.ts";
import { metadataStoreContract } from "./metadata-store.ts";

let database: EmbeddedDatabase | undefined;
let migrated: Migrated | undefined;

beforeAll(async () => {
  database = await openInMemory();
  migrated = await openMigrated(database.dialect);
  await makeMovable(migrated.db);
});

afterAll(async () => {
  await database?.close();
});

metadataStoreContract("pglite", async () => {
  if (!migrated) throw new Error("the database is there within a test only");
  return await emptied(migrated);
});

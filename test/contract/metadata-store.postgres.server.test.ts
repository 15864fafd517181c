import { afterAll, beforeAll } from "vitest";
import { openPostgres, type PostgresDatabase } from "../../src/adapters/postgres/open.ts";
import { type Migrated, openMigrated } from "../../src/adapters/postgres/store-base.ts";
import { useDatabase } from "../servers/given.ts";
import { errorLog } from "./jobs-fixture.ts";
import { emptied, makeMovable } from "./metadata-sql.ts";
import { metadataStoreContract } from "./metadata-store.ts";

const url = useDatabase();
let database: PostgresDatabase | undefined;
let migrated: Migrated | undefined;

beforeAll(async () => {
  database = await openPostgres(url(), errorLog().log);
  migrated = await openMigrated(database.dialect);
  await makeMovable(migrated.db);
});

afterAll(async () => {
  await database?.close();
});

metadataStoreContract("postgres", async () => {
  if (!migrated) throw new Error("the database is there within a test only");
  return await emptied(migrated);
});

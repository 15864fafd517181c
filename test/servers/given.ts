import { afterAll, beforeAll, inject } from "vitest";
import type { S3Address } from "./ceph.ts";
import { createDatabase, type TestDatabase } from "./postgres.ts";

/** What `setup.ts` tells the processes of the tests. */
declare module "vitest" {
  interface ProvidedContext {
    s3: S3Address;
    postgresUrl: string;
  }
}

/** The S3 server of this run. Its buckets are shared with other test files: make one of your own. */
export function s3Server(): S3Address {
  return inject("s3");
}

/** The PostgreSQL server of this run, where every test file makes databases of its own. */
export function postgresUrl(): string {
  return inject("postgresUrl");
}

/** An empty database for the tests of the file; answers its URL, once they run. */
export function useDatabase(): () => string {
  let database: TestDatabase | undefined;
  beforeAll(async () => {
    database = await createDatabase(postgresUrl());
  });
  afterAll(async () => {
    await database?.drop();
  });
  return () => {
    if (!database) throw new Error("the database is there within a test only");
    return database.url;
  };
}

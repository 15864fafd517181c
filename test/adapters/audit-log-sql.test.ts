import { Kysely, sql } from "kysely";
import { expect, test } from "vitest";
import { openInMemory } from "../../src/adapters/pglite/open.ts";
import { PostgresMetadataStore } from "../../src/adapters/postgres/metadata-store.ts";

const LOADED_MS = 120_000;

test(
  "an entry of the audit log can be neither changed nor removed, by the tables' owner either",
  { timeout: LOADED_MS },
  async () => {
    const database = await openInMemory();
    try {
      const store = await PostgresMetadataStore.open(database.dialect);
      const record = { callerKind: "admin", subject: "admin", tokenId: null } as const;
      const about = { operation: "putFile", projectId: "p1", deletionId: null };
      await store.appendAudit([{ ...record, ...about, outcome: "done", requestId: "r" }]);
      const before = await store.listAudit({ limit: 10 });
      const db = new Kysely<unknown>({ dialect: database.dialect });
      for (const change of [
        "update expunge.audit_log set outcome = 'forbidden'",
        "delete from expunge.audit_log",
        "truncate expunge.audit_log",
      ]) {
        await expect(sql.raw(change).execute(db)).rejects.toThrow("neither changed nor removed");
      }
      expect(before).toHaveLength(1);
      expect(await store.listAudit({ limit: 10 })).toEqual(before);
    } finally {
      await database.close();
    }
  },
);

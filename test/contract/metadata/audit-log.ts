import { describe, expect, test } from "vitest";
import type { AuditRecord } from "../../../src/ports/metadata/index.ts";
import { expectAbout, type Fixture, PAST_SHORT_MS } from "./fixture.ts";

const RECORD: AuditRecord = {
  callerKind: "token",
  subject: "alice",
  tokenId: "t1",
  operation: "deleteProject",
  projectId: "p1",
  deletionId: "DELETE-000000000000",
  outcome: "done",
  requestId: "r1",
};
const STRANGER: AuditRecord = {
  ...RECORD,
  callerKind: "none",
  subject: null,
  tokenId: null,
  projectId: null,
  deletionId: null,
  outcome: "unauthorized",
};

export function auditLogContract(fixture: Fixture): void {
  describe("the audit log", () => {
    test("gives entries back as they were added, newest first, with the database's time", async () => {
      const { store } = fixture;
      await store.appendAudit([]);
      await store.appendAudit([RECORD, STRANGER]);
      const before = await store.now();
      await fixture.advance(PAST_SHORT_MS);
      await store.appendAudit([{ ...RECORD, outcome: "project-held" }]);
      const entries = await store.listAudit({ limit: 10 });
      expect(entries).toMatchObject([{ ...RECORD, outcome: "project-held" }, STRANGER, RECORD]);
      const sequences = entries.map(({ sequence }) => sequence);
      expect(sequences).toEqual(sequences.toSorted((a, b) => b - a));
      expectAbout(entries[1]?.at, before);
      expect((entries[0]?.at ?? 0) - (entries[1]?.at ?? 0)).toBeGreaterThanOrEqual(
        PAST_SHORT_MS - 20,
      );
    });

    test("goes on behind the entry that is named, within one project where that is asked", async () => {
      const { store } = fixture;
      const of = (projectId: string): AuditRecord => ({ ...RECORD, projectId });
      await store.appendAudit(["p1", "p2", "p1", "p1"].map(of));
      const first = await store.listAudit({ projectId: "p1", limit: 2 });
      expect(first).toHaveLength(2);
      const after = first[1]?.sequence ?? 0;
      expect(await store.listAudit({ projectId: "p1", limit: 2, after })).toHaveLength(1);
      expect(await store.listAudit({ limit: 10, after })).toHaveLength(2);
      expect(await store.listAudit({ projectId: "none", limit: 10 })).toEqual([]);
    });
  });
}

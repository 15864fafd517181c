import { afterEach, beforeEach, expect, test } from "vitest";
import type { AuditRecord } from "../../src/ports/metadata/index.ts";
import { AuditLog } from "../../src/services/audit-log.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { makeService, type TestService } from "../support/context.ts";

const RECORD: AuditRecord = {
  callerKind: "user",
  subject: "alice",
  tokenId: null,
  operation: "putFile",
  projectId: "p1",
  deletionId: null,
  outcome: "done",
  requestId: "r1",
};

let service: TestService;
beforeEach(async () => {
  service = await makeService({ work: false });
});
afterEach(() => service.stop());

test("records that come while others are written are written together, and all are durable", async () => {
  const batches: number[] = [];
  const { metadata } = service;
  const appendAudit = metadata.appendAudit.bind(metadata);
  metadata.appendAudit = async (records) => {
    batches.push(records.length);
    await appendAudit(records);
  };
  const auditLog = new AuditLog(service.context);
  const many = LIMITS.auditBatchEntries + 10;
  await Promise.all(Array.from({ length: many }, () => auditLog.record(RECORD)));
  expect(batches).toEqual([1, LIMITS.auditBatchEntries, 9]);
  expect(await metadata.listAudit({ limit: 1000 })).toHaveLength(many);
});

test("where the database fails the answer stands, and the log says what is missing", async () => {
  service.metadata.appendAudit = () => Promise.reject(new Error("the database is away"));
  await new AuditLog(service.context).record(RECORD);
  expect(service.log.events()).toMatchObject([
    { level: "error", ...RECORD, msg: "this is missing in the audit log" },
  ]);
});

test("strangers are noted again when their minute is over", async () => {
  let nowMs = 0;
  const clock = { ...service.context.clock, now: () => nowMs };
  const auditLog = new AuditLog({ ...service.context, clock });
  const stranger = { ...RECORD, callerKind: "none", subject: null } as const;
  for (let i = 0; i < LIMITS.auditStrangersMax + 5; i++) await auditLog.record(stranger);
  const noted = async (): Promise<number> =>
    (await service.metadata.listAudit({ limit: 10_000 })).length;
  expect(await noted()).toBe(LIMITS.auditStrangersMax);
  await auditLog.record(RECORD);
  expect(await noted()).toBe(LIMITS.auditStrangersMax + 1);
  nowMs += LIMITS.auditStrangersEveryMs;
  await auditLog.record(stranger);
  expect(await noted()).toBe(LIMITS.auditStrangersMax + 2);
});

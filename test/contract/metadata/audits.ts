import { describe, expect, test } from "vitest";
import { type Audit, type Finding, NO_COUNTS, NO_PROGRESS } from "../../../src/core/audit.ts";
import type { AuditClaim, AuditRequest } from "../../../src/ports/metadata/index.ts";
import {
  expectAbout,
  expectStale,
  type Fixture,
  LONG_MS,
  makeProject,
  next,
  PAST_SHORT_MS,
  SHORT_MS,
  verifying,
} from "./fixture.ts";

export function auditsContract(fixture: Fixture): void {
  describe("audits", () => {
    claimed(fixture);
    written(fixture);
    forgotten(fixture);
  });
}

function request(values: Partial<AuditRequest> = {}): AuditRequest {
  const id = `AUDIT-${String(next()).padStart(12, "0")}`;
  const fixed = { requestedBy: "tester", fix: "none", minAgeMs: 5, readPercent: 2.5 } as const;
  return { id, ...fixed, quarantine: false, listingConcurrency: 3, ...values };
}

async function claim({ store }: Fixture, leaseMs = LONG_MS): Promise<AuditClaim> {
  const { id } = await store.createAudit(request());
  const taken = await store.claimAudit(id, leaseMs);
  if (!taken) throw new Error(`${id} should have been claimable`);
  return taken;
}

function finding(values: Partial<Finding> = {}): Finding {
  return {
    kind: "orphan",
    key: `k-${next()}`,
    uploadId: null,
    projectUid: null,
    fileUid: null,
    sizeBytes: 7,
    rowBytes: null,
    modifiedAt: 1_700_000_000_000,
    mismatch: null,
    ...values,
  };
}

function claimed(fixture: Fixture): void {
  test("an audit is due from its request on, the oldest first, and answered as it was asked for", async () => {
    const { store } = fixture;
    const input = request({ fix: "orphans", quarantine: true });
    const audit = await store.createAudit(input);
    expect(audit).toMatchObject({
      ...input,
      attempts: 0,
      completedAt: null,
      progress: NO_PROGRESS,
    });
    expectAbout(audit.requestedAt, await store.now());
    await fixture.advance(5);
    const second = await store.createAudit(request());
    expect(await store.findAudit(audit.id)).toEqual(audit);
    expect(await store.findAudit("none")).toBeNull();
    expect(await store.dueAudits(10)).toEqual([audit.id, second.id]);
    expect(await store.dueAudits(1)).toEqual([audit.id]);
  });

  test("audits are listed newest first, page by page, and none behind one that is not there", async () => {
    const { store } = fixture;
    const made: Audit[] = [];
    for (let at = 0; at < 5; at++) {
      made.push(await store.createAudit(request()));
      // Some of one instant, where the clock can stand still.
      if (at % 2 === 0) await fixture.advance(5);
    }
    const all = made.toSorted((a, b) => b.requestedAt - a.requestedAt || (a.id < b.id ? 1 : -1));
    expect(await store.listAudits({ limit: 9 })).toEqual(all);
    expect(await store.listAudits({ limit: 2 })).toEqual(all.slice(0, 2));
    const after = all[1]?.id ?? "";
    expect(await store.listAudits({ limit: 2, after })).toEqual(all.slice(2, 4));
    expect(await store.listAudits({ limit: 9, after: all[4]?.id ?? "" })).toEqual([]);
    expect(await store.listAudits({ limit: 9, after: "none" })).toEqual([]);
  });

  test("one worker has an audit, until its lease ends or it lets go", async () => {
    const { store } = fixture;
    const { audit, token } = await claim(fixture, SHORT_MS);
    await fixture.advance(PAST_SHORT_MS);
    const second = await store.claimAudit(audit.id, LONG_MS);
    expect(second?.token).toBeGreaterThan(token);
    expect(second?.audit.attempts).toBe(2);
    expect(await store.claimAudit(audit.id, LONG_MS)).toBeNull();
    expect(await store.dueAudits(10)).toEqual([]);
    expect(await store.extendAudit(audit.id, token, LONG_MS)).toBe(false);
    await expectStale(store.recordAudit(audit.id, token, { progress: NO_PROGRESS }));
    await store.releaseAudit(audit.id, token);
    expect(await store.dueAudits(10)).toEqual([]);
    await store.releaseAudit(audit.id, second?.token ?? 0);
    expect(await store.dueAudits(10)).toEqual([audit.id]);
    expect(await store.claimAudit("none", LONG_MS)).toBeNull();
  });

  test("an extended lease of an audit stands, and ends at once with all other leases", async () => {
    const { store } = fixture;
    const { audit, token } = await claim(fixture, SHORT_MS);
    expect(await store.extendAudit(audit.id, token, LONG_MS)).toBe(true);
    await fixture.advance(PAST_SHORT_MS);
    expect(await store.dueAudits(10)).toEqual([]);
    await store.releaseAllClaims();
    expect(await store.dueAudits(10)).toEqual([audit.id]);
  });
}

function written(fixture: Fixture): void {
  test("a step writes progress and findings together, and findings come page by page in their order", async () => {
    const { store } = fixture;
    const { audit, token } = await claim(fixture);
    const findings = [
      finding({ key: "z \0 \u{1f600}", projectUid: "p" }),
      finding({ kind: "dangling", sizeBytes: null, rowBytes: 3, fileUid: "f" }),
      finding({ kind: "stale-upload", uploadId: "u" }),
      finding({ kind: "mismatched", mismatch: "size" }),
    ];
    const progress: Audit["progress"] = {
      ...NO_PROGRESS,
      ranges: [{ from: { objectKey: "z \0", row: null }, until: null, isDone: false }],
      counts: { ...NO_COUNTS, objects: 3 },
    };
    const recorded = await store.recordAudit(audit.id, token, {
      progress,
      findings: findings.slice(0, 3),
    });
    expect(recorded).toEqual({ ...audit, progress });
    await store.recordAudit(audit.id, token, { progress, findings: findings.slice(3) });
    const first = await store.listFindings(audit.id, { limit: 3 });
    const rest = await store.listFindings(audit.id, {
      limit: 3,
      after: first.at(-1)?.ordinal ?? 0,
    });
    const all = [...first, ...rest];
    expect(all.map(({ ordinal: _ordinal, ...one }) => one)).toEqual(
      findings.map((one) => ({ ...one, outcome: null, code: null })),
    );
    const kinds = ["dangling", "mismatched"] as const;
    const some = await store.listFindings(audit.id, { limit: 9, kinds });
    expect(some.map(({ kind }) => kind)).toEqual(kinds);
    expect(await store.listFindings("none", { limit: 9 })).toEqual([]);
  });

  test("an outcome closes a finding, and what is looked for anew is forgotten", async () => {
    const { store } = fixture;
    const { audit, token } = await claim(fixture);
    const progress = NO_PROGRESS;
    const findings = [finding(), finding(), finding({ kind: "stale-upload", uploadId: "u" })];
    await store.recordAudit(audit.id, token, { progress, findings });
    const [one, two] = await store.listFindings(audit.id, { limit: 9 });
    const outcomes = [
      { ordinal: one?.ordinal ?? 0, outcome: "fixed" as const, code: null },
      { ordinal: two?.ordinal ?? 0, outcome: "spared" as const, code: "changed" },
    ];
    await store.recordAudit(audit.id, token, { progress, outcomes, forgets: "stale-upload" });
    expect(await store.listFindings(audit.id, { limit: 9 })).toEqual([
      { ...one, outcome: "fixed", code: null },
      { ...two, outcome: "spared", code: "changed" },
    ]);
    expect(await store.listFindings(audit.id, { limit: 9, isOpen: true })).toEqual([]);
  });

  test("the last step ends an audit: it is due no more, and no claim on it stands", async () => {
    const { store } = fixture;
    const { audit, token } = await claim(fixture);
    const ended = await store.recordAudit(audit.id, token, { progress: NO_PROGRESS, isLast: true });
    expectAbout(ended.completedAt, await store.now());
    expect(await store.findAudit(audit.id)).toEqual(ended);
    await store.releaseAudit(audit.id, token);
    expect(await store.dueAudits(10)).toEqual([]);
    expect(await store.claimAudit(audit.id, LONG_MS)).toBeNull();
    expect(await store.extendAudit(audit.id, token, LONG_MS)).toBe(false);
    await expectStale(store.recordAudit(audit.id, token, { progress: NO_PROGRESS }));
  });
}

function forgotten(fixture: Fixture): void {
  test("an audit is forgotten with its findings when it ended long enough ago", async () => {
    const { store } = fixture;
    const { audit, token } = await claim(fixture);
    const open = await store.createAudit(request());
    const progress = NO_PROGRESS;
    await store.recordAudit(audit.id, token, { progress, findings: [finding()], isLast: true });
    expect(await store.forgetAudits(LONG_MS)).toBe(0);
    await fixture.advance(PAST_SHORT_MS);
    expect(await store.forgetAudits(SHORT_MS)).toBe(1);
    expect(await store.findAudit(audit.id)).toBeNull();
    expect(await store.listFindings(audit.id, { limit: 9 })).toEqual([]);
    expect(await store.findAudit(open.id)).toEqual(open);
  });

  test("what was found of a project is erased with the rows of the project, and nothing else", async () => {
    const { store } = fixture;
    const { audit, token } = await claim(fixture);
    const { uid } = await makeProject(fixture);
    const findings = [
      finding({ projectUid: uid }),
      finding({ projectUid: "other" }),
      finding(),
      finding({ projectUid: uid }),
    ];
    await store.recordAudit(audit.id, token, { progress: NO_PROGRESS, findings });
    const held = await verifying(fixture, uid);
    expect(await store.eraseRows(held.id, held.token, 1)).toBe(1);
    expect(await store.eraseRows(held.id, held.token, 10)).toBe(1);
    expect(await store.eraseRows(held.id, held.token, 10)).toBe(0);
    const left = await store.listFindings(audit.id, { limit: 9 });
    expect(left.map(({ projectUid }) => projectUid)).toEqual(["other", null]);
  });
}

import { describe, expect, it } from "vitest";
import {
  addCounts,
  type AuditProgress,
  compareKeys,
  countFindings,
  type Finding,
  FINDING_KINDS,
  findingsIn,
  isComplete,
  isSampled,
  isYoung,
  judgeUnnamed,
  NO_COUNTS,
  NO_PROGRESS,
  spellingsOf,
} from "../../src/core/audit.ts";

function finding(kind: Finding["kind"], sizeBytes: number | null = 5): Finding {
  return {
    kind,
    key: "k",
    uploadId: null,
    projectUid: null,
    fileUid: null,
    sizeBytes,
    rowBytes: null,
    modifiedAt: 0,
    mismatch: null,
  };
}

describe("an object that no row names", () => {
  it("is foreign, an orphan, or residue of a deleted project, by the project that a layout names", () => {
    const states = [null, "unknown", "active", "trashed", "deleted"] as const;
    expect(states.map((state) => judgeUnnamed(state))).toEqual([
      "foreign",
      "orphan",
      "orphan",
      "orphan",
      "residue-of-deleted",
    ]);
  });

  it("is left to the deletion while its project is being deleted", () => {
    expect(judgeUnnamed("deleting")).toBeNull();
  });
});

describe("counts", () => {
  it("counts each kind of finding once, and the bytes of orphans and residue", () => {
    const counts = countFindings(NO_COUNTS, [
      ...FINDING_KINDS.map((kind) => finding(kind)),
      finding("orphan", null),
    ]);
    expect(counts).toMatchObject({ orphans: 2, foreign: 1, staleUploads: 1, orphanBytes: 10 });
    expect(findingsIn(counts)).toBe(FINDING_KINDS.length + 1);
    expect(addCounts(counts, { objects: 3 })).toEqual({ ...counts, objects: 3 });
  });
});

describe("age", () => {
  const rule = { startedAt: 1000, minAgeMs: 100 };

  it("judges nothing younger than the audit's start less the minimum age", () => {
    expect(isYoung(rule, 901)).toBe(true);
    expect(isYoung(rule, 900)).toBe(false);
  });

  it("judges everything without a minimum age, whatever the clocks say", () => {
    expect(isYoung({ ...rule, minAgeMs: 0 }, 5000)).toBe(false);
  });
});

describe("completeness", () => {
  const range = { from: { objectKey: null, row: null }, until: null, isDone: true };
  const whole = { ...NO_PROGRESS, ranges: [range], areUploadsListed: true };

  it("is reached when every range is compared, uploads are listed and nothing stayed unknown", () => {
    expect(isComplete(whole)).toBe(true);
    const others: readonly Partial<AuditProgress>[] = [
      { ranges: [] },
      { ranges: [range, { ...range, isDone: false }] },
      { areUploadsListed: false },
      { unjudged: [{ surface: "uploads", code: "access-denied", message: "no" }] },
      { counts: { ...NO_COUNTS, unknown: 1 } },
    ];
    expect(others.map((other) => isComplete({ ...whole, ...other }))).toEqual(
      others.map(() => false),
    );
  });
});

describe("the sample of an audit", () => {
  const uids = Array.from({ length: 2000 }, (_, i) => `uid-${i}`);
  const sampleOf = (auditId: string, percent: number): readonly string[] =>
    uids.filter((uid) => isSampled(auditId, uid, percent));

  it("has about as many files as asked for: none, all, or a share", () => {
    expect(sampleOf("a", 0)).toEqual([]);
    expect(sampleOf("a", 100)).toEqual(uids);
    expect(Math.abs(sampleOf("a", 10).length - 200)).toBeLessThan(60);
  });

  it("is the same when it is drawn again, and another one in another audit", () => {
    expect(sampleOf("a", 10)).toEqual(sampleOf("a", 10));
    expect(sampleOf("a", 10)).not.toEqual(sampleOf("b", 10));
  });
});

describe("keys", () => {
  const composed = "caf\u00e9";
  const decomposed = "cafe\u0301";

  it("takes two spellings for one key only where the store composes keys", () => {
    expect(compareKeys({ normalisation: "nfc" }, composed, decomposed)).toBe(0);
    expect(compareKeys({ normalisation: "none" }, composed, decomposed)).not.toBe(0);
  });

  it("asks rows for every spelling only where the store composes keys", () => {
    expect(spellingsOf({ normalisation: "nfc" }, composed)).toEqual([composed, decomposed]);
    expect(spellingsOf({ normalisation: "none" }, composed)).toEqual([composed]);
  });
});

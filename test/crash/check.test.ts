import { describe, expect, it } from "vitest";
import { checkBucket, checkChain, checkProjects } from "./check.ts";
import {
  BESIDE_KEY,
  CONTENT,
  type CheckedWorld,
  deletionOf,
  GONE,
  GONE_TOO,
  LIVING,
  LIVING_KEY,
  PLANTED_KEY,
  putOf,
  receiptOf,
  Script,
  soundWorld,
} from "./checked-world.ts";
import { expectationsOf } from "./expectations.ts";
import type { Facts } from "./facts.ts";
import type { Event } from "./history.ts";
import { CRASH_LIMITS } from "./limits.ts";
import { claimsIn } from "./takeover.ts";

const OTHER = "0".repeat(64);

/** What the checker says of a sound world in which a test has changed something. */
function found(
  change: (facts: Facts) => Partial<Facts> = () => ({}),
  events: (world: CheckedWorld) => readonly Event[] = ({ events }) => events,
): string[] {
  const world = soundWorld();
  const facts = { ...world.facts, ...change(world.facts) };
  const expected = expectationsOf(events(world));
  return [
    ...checkProjects(expected.values(), facts),
    ...checkChain(facts),
    ...checkBucket(facts, new Map([[BESIDE_KEY, CONTENT]])),
  ].map(({ invariant, what }) => `${invariant} ${what}`);
}

function withKey(facts: Facts, key: string): Partial<Facts> {
  return { keys: new Set([...facts.keys, key]) };
}

function without<T>(map: ReadonlyMap<string, T>, key: string): ReadonlyMap<string, T> {
  return new Map([...map].filter(([each]) => each !== key));
}

describe("the checker of crash runs", () => {
  it("finds nothing where nothing is wrong", () => {
    expect(found()).toEqual([]);
  });

  it.each(["projects/uid-gone/left", "old/p1/left", "zips/p1.zip"])(
    "finds an object that is left at %s, after the receipt",
    (key) => {
      expect(found((facts) => withKey(facts, key))).toEqual([
        `I1 p1 (uid-gone): object ${key} is there`,
      ]);
    },
  );

  it("finds an upload and a version that are left of a deleted project", () => {
    const key = "projects/uid-gone/part";
    expect(
      found(() => ({ storedUploads: [{ key, uploadId: "1" }], versions: [key] })).sort(),
    ).toEqual([
      `I1 p1 (uid-gone): an upload of ${key} is there`,
      `I1 p1 (uid-gone): version of ${key} is there`,
    ]);
  });

  it("does not take the keys of a sibling for those of a deleted project", () => {
    const world = soundWorld();
    const planted = { planted: "object", project: "p10", sha256: CONTENT } as const;
    const key = "zips/p10.zip";
    const events = [...world.events, { run: "run", ...planted, key }];
    const contents = new Map([...world.facts.contents, [key, CONTENT]]);
    expect(
      found(
        (facts) => ({ ...withKey(facts, key), contents }),
        () => events,
      ),
    ).toEqual([]);
  });

  it("finds that the object of an acknowledged file is lost, or holds something else", () => {
    const contents = soundWorld().facts.contents;
    expect(found(() => ({ contents: without(contents, LIVING_KEY) }))).toEqual([
      `I2 p10 (uid-living): file file has no object at ${LIVING_KEY}`,
    ]);
    const changed = new Map(contents).set(LIVING_KEY, OTHER);
    expect(found(() => ({ contents: changed })).join()).toContain(`has the content ${OTHER}`);
  });

  it("finds that the row of an acknowledged file, or of its project, is missing", () => {
    expect(found(() => ({ files: [] }))).toEqual(
      expect.arrayContaining(["I2 p10 (uid-living): file file has no row"]),
    );
    const projects = soundWorld().facts.projects.filter(({ id }) => id !== LIVING.id);
    expect(found(() => ({ projects })).join()).toContain("the project's row is gone");
  });

  it("finds what was removed of a live project, or beside it, by the deletion of another", () => {
    const contents = soundWorld().facts.contents;
    expect(found(() => ({ contents: without(contents, PLANTED_KEY) })).join()).toContain("I4");
    expect(found(() => ({ contents: without(contents, BESIDE_KEY) })).join()).toContain("I4");
  });

  it("finds an object that no row names, and one that belongs to nobody", () => {
    expect(found((facts) => withKey(facts, "projects/uid-living/lost"))).toEqual([
      "R9 p10 (uid-living): no row names the object projects/uid-living/lost",
    ]);
    expect(found((facts) => withKey(facts, "projects/uid-none/lost"))).toEqual([
      "R3 the object projects/uid-none/lost belongs to nobody",
    ]);
  });

  it("finds a second receipt, and none", () => {
    const { receipts } = soundWorld().facts;
    const [first] = receipts;
    const second = receiptOf(GONE, 3, receipts[1]?.hash ?? null, 2);
    const copies = (row: typeof second): Facts["copies"] =>
      new Map([...soundWorld().facts.copies, [`.expunge/receipts/${GONE.uid}.jws`, row.jws]]);
    expect(
      found(() => ({ receipts: [...receipts, second], copies: copies(second) })).join(),
    ).toContain("I7 p1 (uid-gone): has 2 receipts");
    expect(found(() => ({ receipts: first ? [first] : [] }))).toEqual([
      "I7 p2 (uid-gone-too): has 0 receipts",
    ]);
  });

  it("finds a receipt that counts too little, too much, or does not verify", () => {
    for (const deleted of [1, 3]) {
      const receipt = receiptOf(GONE, 1, null, deleted);
      const next = receiptOf(GONE_TOO, 2, receipt.hash, 1);
      const copies = new Map(
        [receipt, next].map(({ projectUid, jws }) => [`.expunge/receipts/${projectUid}.jws`, jws]),
      );
      expect(found(() => ({ receipts: [receipt, next], copies }))).toEqual([
        `I7 p1 (uid-gone): ${deleted} deleted and 0 absent, of 2 to 2`,
      ]);
    }
    const verdicts = new Map([...soundWorld().facts.verdicts, [GONE.uid, "exit code 4"]]);
    expect(found(() => ({ verdicts })).join()).toContain("not valid: exit code 4");
  });

  it("finds a chain of receipts that is broken", () => {
    const { receipts } = soundWorld().facts;
    expect(found(() => ({ receipts: receipts.slice(1) })).join()).toContain(
      "receipt 2 of uid-gone-too does not follow on the one before",
    );
  });

  it("finds rows that outlive the receipt, a missing tombstone and a missing copy", () => {
    const row = { projectUid: GONE.uid, key: "projects/uid-gone/file" };
    expect(found(() => ({ removals: [row] })).join()).toContain("1 removal rows are left");
    const keys = soundWorld().facts.keys;
    const left = new Set([...keys].filter((key) => !key.includes("tombstones/1-uid-gone.")));
    expect(found(() => ({ keys: left }))).toEqual(["R11 p1 (uid-gone): has 0 tombstones"]);
    expect(found(() => ({ copies: new Map() })).join()).toContain("no copy");
  });

  it("finds a deletion that has not ended, and a purge that began in the grace", () => {
    const { deletions } = soundWorld().facts;
    const change = (patch: Partial<Facts["deletions"][number]>): string[] =>
      found(() => ({
        deletions: deletions.map((one) =>
          one.projectUid === GONE.uid ? { ...one, ...patch } : one,
        ),
      }));
    expect(change({ state: "verifying" }).join()).toContain(
      "I9 p1 (uid-gone): deletion is verifying",
    );
    expect(change({ purgeAfter: 12 }).join()).toContain("I6");
  });
});

describe("what a history leads to expect", () => {
  const one = (script: Script): ReturnType<typeof expectationsOf> => expectationsOf(script.events);
  const made = (): Script => new Script().ask({ op: "create-project", project: "p" }, { id: "u" });

  it("is either content where the outcome of a request is unknown, and the last one where not", () => {
    const script = made()
      .ask(putOf("p", "a", "1"))
      .ask(putOf("p", "a", "2"));
    expect(one(script).get("p")?.files.get("a")).toEqual(new Set(["2"]));
    script.lose({ op: "delete-file", project: "p", path: "a" });
    expect(one(script).get("p")?.files.get("a")).toEqual(new Set(["2", null]));
    script.ask(putOf("p", "a", "3"), { outcome: "refused", status: 409 });
    expect(one(script).get("p")?.files.get("a")).toEqual(new Set(["2", null]));
  });

  it("contradicts itself where a read answers what was overwritten", () => {
    const script = made()
      .ask(putOf("p", "a", "1"))
      .ask(putOf("p", "a", "2"));
    script.ask({ op: "read", project: "p", path: "a" }, { content: "1" });
    expect(one(script).get("p")?.contradictions).toEqual(["I2: p/a was read as 1 (request 4)"]);
  });

  it("contradicts itself where something is written after an acknowledged deletion", () => {
    const script = made()
      .ask(deletionOf("p"))
      .ask(putOf("p", "a", "1"));
    expect(one(script).get("p")?.contradictions).toEqual([
      "I1: put to p/a was accepted after its deletion",
    ]);
  });

  it("is firm about a deletion that was acknowledged, and open where an undo's answer was lost", () => {
    const { longGraceMs } = CRASH_LIMITS;
    const fate = (script: Script): string | undefined => one(script).get("p")?.fate;
    expect(fate(made())).toBe("live");
    expect(fate(made().lose(deletionOf("p")))).toBe("either");
    expect(fate(made().lose(deletionOf("p")).ask(deletionOf("p")))).toBe("deleted");
    const trashed = made().ask(deletionOf("p", longGraceMs));
    expect(fate(trashed)).toBe("trashed");
    expect(fate(trashed.lose({ op: "restore-project", project: "p" }))).toBe("either");
    expect(fate(trashed.ask({ op: "restore-project", project: "p" }))).toBe("either");
    const undone = made().ask(deletionOf("p", longGraceMs));
    expect(fate(undone.ask({ op: "restore-project", project: "p" }))).toBe("live");
  });

  it("counts exactly what is known to have been there, and leaves room for what is not", () => {
    const bounds = (script: Script): unknown => {
      const { least, most } = one(script).get("p") ?? {};
      return [least, most];
    };
    const script = made().ask(putOf("p", "a")).ask(putOf("p", "b"));
    script.ask({ op: "open-upload", project: "p", path: "c", sizeBytes: 1 }, { id: "1" });
    expect(bounds(script)).toEqual([3, 3]);
    expect(bounds(script.ask(putOf("p", "b", "2")))).toEqual([3, 4]);
    expect(bounds(script.lose(putOf("p", "d")))).toEqual([3, 5]);
    expect(bounds(script.ask({ op: "delete-file", project: "p", path: "a" }))).toEqual([2, 5]);
  });
});

describe("the log of a process", () => {
  it("says which deletions it works on, since when", () => {
    const line = (second: number, id: string, event: string): string =>
      JSON.stringify({ time: `2026-01-01T00:00:0${second}.000Z`, msg: `[${id}] ${event}` });
    const output = [
      line(1, "DELETE-a", "deletion claimed"),
      line(2, "DELETE-b", "deletion claimed"),
      "ready at http://127.0.0.1:1",
      line(3, "DELETE-a", "receipt issued"),
      line(4, "DELETE-b", "fence stands"),
    ].join("\n");
    expect(claimsIn(output)).toEqual(new Map([["DELETE-b", Date.UTC(2026, 0, 1, 0, 0, 2)]]));
  });
});

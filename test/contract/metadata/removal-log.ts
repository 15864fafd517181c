import { describe, expect, test } from "vitest";
import type { Residue, ResidueOutcome, Surface, SurfaceCounts } from "../../../src/core/model.ts";
import {
  claim,
  entryOf,
  type Fixture,
  type Held,
  LONG_MS,
  makeProject,
  purging,
  verifying,
} from "./fixture.ts";

export function removalLogContract(fixture: Fixture): void {
  describe("the removal log", () => removalLog(fixture));
  describe("absent keys", () => absent(fixture));
  describe("progress", () => progress(fixture));
  describe("residue", () => residueOnes(fixture));
}

async function start(fixture: Fixture): Promise<Held> {
  return await purging(fixture, (await makeProject(fixture)).uid);
}

const NONE = { found: 0, deleted: 0, absent: 0, failed: 0, blocked: 0, unknown: 0, bytes: 0 };

/** The counts of one surface, zeros where it is not named. */
async function countsOf(
  { store }: Fixture,
  id: string,
  surface: Surface,
): Promise<Omit<SurfaceCounts, "surface">> {
  const { surfaces = [] } = (await store.findDeletion(id)) ?? {};
  const counts = surfaces.filter((one) => one.surface === surface);
  expect(counts.length).toBeLessThanOrEqual(1);
  const { surface: _, ...rest } = counts[0] ?? { surface, ...NONE };
  return rest;
}

function removalLog(fixture: Fixture): void {
  test("an entry that is taken back counts no more, and may be made again", async () => {
    const { store } = fixture;
    const { id, token } = await start(fixture);
    await store.recordPage(id, token, "multipart", [entryOf("a", 5), entryOf("b", 7)]);
    await store.recordAbsent(id, token, "tracked", [entryOf("c", 9)]);
    const { keyHash } = entryOf("a", 0);
    await store.retractEntry(id, token, keyHash);
    await store.retractEntry(id, token, keyHash);
    await store.retractEntry(id, token, entryOf("c", 0).keyHash);
    expect(await countsOf(fixture, id, "multipart")).toMatchObject({ found: 1, bytes: 7 });
    expect(await countsOf(fixture, id, "tracked")).toMatchObject({ absent: 0, bytes: 0 });
    await store.recordPage(id, token, "canonical", [entryOf("a", 5)]);
    expect(await countsOf(fixture, id, "canonical")).toMatchObject({ found: 1, bytes: 5 });
  });

  test("listed keys are counted per surface, with their bytes", async () => {
    const { store } = fixture;
    const { id, token } = await start(fixture);
    await store.recordPage(id, token, "canonical", [entryOf("a", 3), entryOf("b", 5 * 2 ** 40)]);
    await store.recordPage(id, token, "legacy:audio", [entryOf("c", 7)]);
    await store.recordPage(id, token, "multipart", []);
    const canonical = { ...NONE, found: 2, bytes: 3 + 5 * 2 ** 40 };
    expect(await countsOf(fixture, id, "canonical")).toEqual(canonical);
    expect(await countsOf(fixture, id, "legacy:audio")).toEqual({ ...NONE, found: 1, bytes: 7 });
    expect(await countsOf(fixture, id, "multipart")).toEqual(NONE);
    expect((await store.listDeletions({ limit: 10 }))[0]).toEqual(await store.findDeletion(id));
  });

  test("a page that is replayed counts once, by this worker or the next one (R5)", async () => {
    const { store } = fixture;
    const { id, token } = await start(fixture);
    const page = [entryOf("a", 3), entryOf("b", 4)];
    await store.recordPage(id, token, "canonical", page);
    await store.recordPage(id, token, "canonical", [...page, entryOf("c", 5)]);
    await store.releaseClaim(id, token);
    const { token: newer } = await claim(fixture, id);
    await store.recordPage(id, newer, "canonical", page);
    expect(await countsOf(fixture, id, "canonical")).toEqual({ ...NONE, found: 3, bytes: 12 });
  });

  test("a key counts for the first surface that showed it, with its first size", async () => {
    const { store } = fixture;
    const { id, token } = await start(fixture);
    await store.recordPage(id, token, "tracked", [entryOf("a", 3)]);
    await store.recordPage(id, token, "canonical", [entryOf("a", 9), entryOf("b", 1)]);
    expect(await countsOf(fixture, id, "tracked")).toEqual({ ...NONE, found: 1, bytes: 3 });
    expect(await countsOf(fixture, id, "canonical")).toEqual({ ...NONE, found: 1, bytes: 1 });
  });

  test("a page that names a key twice counts it once", async () => {
    const { store } = fixture;
    const { id, token } = await start(fixture);
    await store.recordAbsent(id, token, "tracked", [entryOf("b", 1), entryOf("b", 2)]);
    await store.recordPage(id, token, "canonical", [entryOf("a", 3), entryOf("a", 4)]);
    await store.recordPage(id, token, "canonical", [entryOf("b", 5), entryOf("b", 6)]);
    expect(await countsOf(fixture, id, "canonical")).toEqual({ ...NONE, found: 2, bytes: 8 });
  });

  test("deletions do not share their logs", async () => {
    const { store } = fixture;
    const [one, two] = [await start(fixture), await start(fixture)];
    await store.recordPage(one.id, one.token, "canonical", [entryOf("a", 3)]);
    await store.recordPage(two.id, two.token, "canonical", [entryOf("a", 4), entryOf("b", 5)]);
    expect(await countsOf(fixture, one.id, "canonical")).toMatchObject({ found: 1, bytes: 3 });
    expect(await countsOf(fixture, two.id, "canonical")).toMatchObject({ found: 2, bytes: 9 });
  });

  test("a page of five thousand keys is recorded in one call, and pages may overlap in time", async () => {
    const { store } = fixture;
    const { id, token } = await start(fixture);
    const entries = Array.from({ length: 5000 }, (_, i) => entryOf(`key-${i}`, i));
    await store.recordPage(id, token, "canonical", entries);
    const found = { ...NONE, found: 5000, bytes: (4999 * 5000) / 2 };
    expect(await countsOf(fixture, id, "canonical")).toEqual(found);
    await Promise.all([
      store.recordPage(id, token, "canonical", entries.slice(0, 2000)),
      store.recordPage(id, token, "canonical", entries.toReversed().slice(0, 4000)),
    ]);
    expect(await countsOf(fixture, id, "canonical")).toEqual(found);
  });
}

function absent(fixture: Fixture): void {
  test("absent keys count as absent, without bytes, and once", async () => {
    const { store } = fixture;
    const { id, token } = await start(fixture);
    const keys = [entryOf("a", 3), entryOf("b", 4)];
    await store.recordAbsent(id, token, "tracked", keys);
    await store.recordAbsent(id, token, "tracked", keys);
    await store.recordAbsent(id, token, "tracked", []);
    expect(await countsOf(fixture, id, "tracked")).toEqual({ ...NONE, absent: 2 });
  });

  test("a key that was listed does not become absent", async () => {
    const { store } = fixture;
    const { id, token } = await start(fixture);
    await store.recordPage(id, token, "canonical", [entryOf("a", 3)]);
    await store.recordAbsent(id, token, "tracked", [entryOf("a", 3), entryOf("b", 1)]);
    expect(await countsOf(fixture, id, "canonical")).toEqual({ ...NONE, found: 1, bytes: 3 });
    expect(await countsOf(fixture, id, "tracked")).toEqual({ ...NONE, absent: 1 });
  });

  test("an absent key that is listed later counts as found, where it was listed", async () => {
    const { store } = fixture;
    const { id, token } = await start(fixture);
    await store.recordAbsent(id, token, "tracked", [entryOf("a", 3), entryOf("b", 1)]);
    await store.recordPage(id, token, "canonical", [entryOf("a", 9)]);
    await store.recordAbsent(id, token, "tracked", [entryOf("a", 3)]);
    expect(await countsOf(fixture, id, "canonical")).toEqual({ ...NONE, found: 1, bytes: 9 });
    expect(await countsOf(fixture, id, "tracked")).toEqual({ ...NONE, absent: 1 });
  });
}

function progress(fixture: Fixture): void {
  test("progress adds up per surface, and never says more than was found", async () => {
    const { store } = fixture;
    const { id, token } = await start(fixture);
    const page = ["a", "b", "c"].map((key) => entryOf(key, 2));
    await store.recordPage(id, token, "canonical", page);
    expect((await countsOf(fixture, id, "canonical")).deleted).toBe(0);
    await store.recordProgress(id, token, "canonical", 1);
    await store.recordProgress(id, token, "canonical", 1);
    await store.recordProgress(id, token, "multipart", 1);
    expect((await countsOf(fixture, id, "canonical")).deleted).toBe(2);
    expect((await countsOf(fixture, id, "multipart")).deleted).toBe(0);
    await store.recordProgress(id, token, "canonical", 5);
    expect(await countsOf(fixture, id, "canonical")).toMatchObject({ found: 3, deleted: 3 });
  });

  test("progress that workers record at the same time is all counted", async () => {
    const { store } = fixture;
    const { id, token } = await start(fixture);
    const page = Array.from({ length: 20 }, (_, i) => entryOf(`key-${i}`));
    await store.recordPage(id, token, "canonical", page);
    await Promise.all(
      Array.from({ length: 10 }, () => store.recordProgress(id, token, "canonical", 1)),
    );
    expect((await countsOf(fixture, id, "canonical")).deleted).toBe(10);
  });
}

function residueOf(key: string, values: Partial<Residue> = {}): Residue {
  const surface: Surface = "canonical";
  const message = `about ${key}`;
  return { surface, key, outcome: "failed", code: "access-denied", message, ...values };
}

function residueOnes(fixture: Fixture): void {
  test("residue is counted by surface and outcome, and listed with its facts", async () => {
    const { store } = fixture;
    const { id, token } = await start(fixture);
    const outcomes: ResidueOutcome[] = ["failed", "blocked", "blocked", "unknown"];
    const residue = [
      ...outcomes.map((outcome, i) => residueOf(`k${i}`, { outcome })),
      residueOf("k4", { surface: "multipart", code: "timeout" }),
    ];
    await store.replaceResidue(id, token, residue);
    expect(await store.listResidue(id, 10)).toEqual(residue);
    expect((await store.findDeletion(id))?.residueTotal).toBe(5);
    const counts = { ...NONE, failed: 1, blocked: 2, unknown: 1 };
    expect(await countsOf(fixture, id, "canonical")).toEqual(counts);
    expect(await countsOf(fixture, id, "multipart")).toEqual({ ...NONE, failed: 1 });
  });

  test("a pass replaces the whole residue of the one before", async () => {
    const { store } = fixture;
    const [{ id, token }, other] = [await start(fixture), await start(fixture)];
    await store.replaceResidue(other.id, other.token, [residueOf("x")]);
    await store.replaceResidue(id, token, [residueOf("a"), residueOf("b")]);
    await store.replaceResidue(id, token, [residueOf("b", { message: "new" }), residueOf("c")]);
    expect(await store.listResidue(id, 10)).toEqual([
      residueOf("b", { message: "new" }),
      residueOf("c"),
    ]);
    await store.replaceResidue(id, token, []);
    expect(await store.listResidue(id, 10)).toEqual([]);
    expect((await store.findDeletion(id))?.residueTotal).toBe(0);
    expect((await store.findDeletion(other.id))?.residueTotal).toBe(1);
  });

  test("residue is listed by the bytes of its keys, page by page", async () => {
    const { store } = fixture;
    const { id, token } = await start(fixture);
    const keys = ["A", "a", "a b", "a-b", "a/b", "ä", "\u{fffd}", "\u{1f600}"];
    await store.replaceResidue(
      id,
      token,
      keys.toReversed().map((key) => residueOf(key)),
    );
    const seen: string[] = [];
    for (;;) {
      const page = await store.listResidue(id, 3, seen.at(-1));
      if (page.length === 0) break;
      expect(page.length).toBeLessThanOrEqual(3);
      seen.push(...page.map(({ key }) => key));
    }
    expect(seen).toEqual(keys);
  });

  test("paging loses none of several entries of one key", async () => {
    const { store } = fixture;
    const { id, token } = await start(fixture);
    const residue = [
      residueOf("a"),
      residueOf("b"),
      residueOf("b", { surface: "multipart" }),
      residueOf("b", { surface: "multipart", code: "timeout" }),
      residueOf("c"),
    ];
    await store.replaceResidue(id, token, residue);
    expect((await store.findDeletion(id))?.residueTotal).toBe(5);
    const seen: Residue[] = [];
    for (;;) {
      const page = await store.listResidue(id, 2, seen.at(-1)?.key);
      if (page.length === 0) break;
      seen.push(...page);
    }
    expect(seen).toHaveLength(5);
    expect(seen).toEqual(expect.arrayContaining(residue));
  });

  test("five thousand keys of residue are replaced in one call", async () => {
    const { store } = fixture;
    const { id, token } = await verifying(fixture, (await makeProject(fixture)).uid);
    const residue = Array.from({ length: 5000 }, (_, i) => residueOf(`key-${i}`));
    await store.replaceResidue(id, token, residue);
    expect((await store.findDeletion(id))?.residueTotal).toBe(5000);
    expect(await store.listResidue(id, 100)).toHaveLength(100);
    expect(await store.extendClaim(id, token, LONG_MS)).toBe(true);
  });
}

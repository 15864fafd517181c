import { describe, expect, test } from "vitest";
import type { Residue } from "../../../src/core/model.ts";
import {
  addFile,
  commit,
  complete,
  completing,
  emptyFile,
  expectRefused,
  type Fixture,
  goodEvidence,
  type Held,
  makeProject,
  purging,
  seal,
  sealable,
  verifying,
} from "./fixture.ts";

/** Each thing that stands against a receipt (I3, R6, R7), and that nothing is written then. */
export function refusalsContract(fixture: Fixture): void {
  describe("a completion that is refused", () => refused(fixture));
  describe("a completion with rows left, or without fence or evidence", () => unproven(fixture));
}

async function refuse(fixture: Fixture, { id, token, projectUid }: Held): Promise<void> {
  let seals = 0;
  await expectRefused(fixture, projectUid, "internal", () =>
    fixture.store.completeDeletion(id, token, async (facts) => {
      seals++;
      return await seal(facts);
    }),
  );
  expect(seals).toBe(0);
  expect((await fixture.store.findProjectByUid(projectUid))?.state).toBe("deleting");
}

function refused(fixture: Fixture): void {
  test("a deletion that is not verifying is not completed", async () => {
    const { store } = fixture;
    const held = await purging(fixture, (await makeProject(fixture)).uid);
    const { id, token } = held;
    await store.recordFence(id, token);
    await store.recordEvidence(id, token, [await goodEvidence(fixture)]);
    await refuse(fixture, held);
    await store.advance(id, token, "swept");
    await store.recordEvidence(id, token, [await goodEvidence(fixture)]);
    expect((await complete(fixture, held)).state).toBe("completed");
  });

  test("a deletion with residue is not completed, whatever its outcome (I3)", async () => {
    const held = await sealable(fixture, (await makeProject(fixture)).uid);
    const { id, token } = held;
    const base = { surface: "canonical", key: "k", code: "timeout", message: "m" } as const;
    for (const outcome of ["failed", "blocked", "unknown"] as const) {
      const residue: Residue[] = [{ ...base, outcome }];
      await fixture.store.replaceResidue(id, token, residue);
      await refuse(fixture, held);
    }
    await fixture.store.replaceResidue(id, token, []);
    expect((await complete(fixture, held)).state).toBe("completed");
  });

  test("evidence older than the fence is none (R6)", async () => {
    const { store } = fixture;
    const held = await purging(fixture, (await makeProject(fixture)).uid);
    const { id, token } = held;
    const early = await goodEvidence(fixture);
    await fixture.advance(20);
    await store.recordFence(id, token);
    await store.advance(id, token, "swept");
    const late = await goodEvidence(fixture, { surface: "multipart" });
    for (const evidence of [[early], [late, early], [early, late]]) {
      await store.recordEvidence(id, token, evidence);
      await refuse(fixture, held);
    }
    await store.recordEvidence(id, token, [late]);
    expect((await complete(fixture, held)).state).toBe("completed");
  });

  test("evidence that showed something is none (I3)", async () => {
    const held = await sealable(fixture, (await makeProject(fixture)).uid);
    const [good, bad] = [
      await goodEvidence(fixture),
      await goodEvidence(fixture, { surface: "multipart", entries: 1 }),
    ];
    for (const evidence of [[bad], [good, bad], [bad, good]]) {
      await fixture.store.recordEvidence(held.id, held.token, evidence);
      await refuse(fixture, held);
    }
    await fixture.store.recordEvidence(held.id, held.token, [good]);
    expect((await complete(fixture, held)).state).toBe("completed");
  });
}

function unproven(fixture: Fixture): void {
  const withEvidence = async (projectUid: string, fence = true): Promise<Held> => {
    const held = await verifying(fixture, projectUid, fence);
    await fixture.store.recordEvidence(held.id, held.token, [await goodEvidence(fixture)]);
    return held;
  };
  const completesAfterErasing = async (held: Held): Promise<void> => {
    await refuse(fixture, held);
    expect(await fixture.store.eraseRows(held.id, held.token, 10)).toBe(1);
    expect((await complete(fixture, held)).state).toBe("completed");
  };

  test("a file's row that is left keeps the deletion from completion", async () => {
    const { uid } = await makeProject(fixture);
    await addFile(fixture, uid, "a");
    await completesAfterErasing(await withEvidence(uid));
  });

  test("the row of an empty file keeps the deletion from completion too", async () => {
    const { uid } = await makeProject(fixture);
    await fixture.store.commitEmptyFile(emptyFile(uid));
    await completesAfterErasing(await withEvidence(uid));
  });

  test("an upload's row that is left keeps the deletion from completion, also a committed one", async () => {
    const { uid } = await makeProject(fixture);
    await completing(fixture, uid);
    await completesAfterErasing(await withEvidence(uid));
    const other = await makeProject(fixture);
    await commit(fixture, await completing(fixture, other.uid, { path: "a" }));
    const key = (await fixture.store.removeFile(other.uid, "a")).key ?? "";
    await fixture.store.finishRemovals([key]);
    await completesAfterErasing(await withEvidence(other.uid));
  });

  test("a removal that is left keeps the deletion from completion", async () => {
    const { uid } = await makeProject(fixture);
    await addFile(fixture, uid, "a");
    await fixture.store.removeFile(uid, "a");
    await completesAfterErasing(await withEvidence(uid));
  });

  test("without a fence there is no completion (R2)", async () => {
    const held = await withEvidence((await makeProject(fixture)).uid, false);
    await refuse(fixture, held);
    await fixture.store.recordFence(held.id, held.token);
    const evidence = [await goodEvidence(fixture)];
    await fixture.store.recordEvidence(held.id, held.token, evidence);
    expect((await complete(fixture, held)).state).toBe("completed");
  });

  test("without evidence there is no completion (R6)", async () => {
    const held = await verifying(fixture, (await makeProject(fixture)).uid);
    await refuse(fixture, held);
    await fixture.store.recordEvidence(held.id, held.token, [await goodEvidence(fixture)]);
    await fixture.store.recordEvidence(held.id, held.token, []);
    await refuse(fixture, held);
  });
}

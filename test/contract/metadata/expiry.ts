import { describe, expect, test } from "vitest";
import type { DeletionRequest } from "../../../src/ports/metadata/index.ts";
import {
  expectAbout,
  expectCode,
  type Fixture,
  LONG_MS,
  makeProject,
  newDeletionId,
  purging,
  trash,
} from "./fixture.ts";

export function expiryContract(fixture: Fixture): void {
  describe("projects whose time is over", () => expired(fixture));
  describe("deletions of their own accord", () => expiring(fixture));
  describe("which projects are closed", () => closed(fixture));
}

function requestOf(projectUid: string): DeletionRequest {
  const salt = new Uint8Array(32).fill(9);
  return { id: newDeletionId(), projectUid, requestedBy: "expiry", graceMs: LONG_MS, salt };
}

function expired(fixture: Fixture): void {
  test("are found oldest first, but for those that are held, trashed or have time", async () => {
    const { store } = fixture;
    const now = await store.now();
    const second = await makeProject(fixture, { expiresAt: now - 1000 });
    const first = await makeProject(fixture, { expiresAt: now - 2000 });
    const held = await makeProject(fixture, { expiresAt: now - 3000 });
    await store.placeHold(held.uid, "court");
    const trashed = await makeProject(fixture, { expiresAt: now - 4000 });
    await trash(fixture, trashed.uid, LONG_MS);
    await makeProject(fixture, { expiresAt: now + LONG_MS });
    await makeProject(fixture);
    expect((await store.expiredProjects(10)).map(({ uid }) => uid)).toEqual([
      first.uid,
      second.uid,
    ]);
    expect(await store.expiredProjects(1)).toEqual([first]);
  });
}

function expiring(fixture: Fixture): void {
  test("begin with the grace that is given, once", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture, { expiresAt: (await store.now()) - 1 });
    const deletion = await store.expireProject(requestOf(uid));
    expect(deletion).toMatchObject({ projectUid: uid, state: "trashed", requestedBy: "expiry" });
    expectAbout(deletion?.purgeAfter, (await store.now()) + LONG_MS);
    expect(await store.expireProject(requestOf(uid))).toBeNull();
    expect(await store.findDeletionOf(uid)).toEqual(deletion);
  });

  test("do not begin for a project that was prolonged or held since it was found", async () => {
    const { store } = fixture;
    const now = await store.now();
    const prolonged = await makeProject(fixture, { expiresAt: now - 1 });
    await store.updateProject(prolonged.uid, { expiresAt: now + LONG_MS });
    const held = await makeProject(fixture, { expiresAt: now - 1 });
    await store.placeHold(held.uid, "court");
    for (const { uid } of [prolonged, held]) {
      expect(await store.expireProject(requestOf(uid))).toBeNull();
      expect((await store.findProjectByUid(uid))?.state).toBe("active");
    }
    await expectCode(store.expireProject(requestOf("none")), "project-not-found");
  });

  test("undone take the expiry away that is over, and leave one that is to come", async () => {
    const { store } = fixture;
    const now = await store.now();
    const over = await makeProject(fixture, { expiresAt: now - 1 });
    await store.expireProject(requestOf(over.uid));
    await store.restoreProject(over.uid);
    expect(await store.findProjectByUid(over.uid)).toMatchObject({
      state: "active",
      expiresAt: null,
    });
    const coming = await makeProject(fixture, { expiresAt: now + LONG_MS });
    await trash(fixture, coming.uid, LONG_MS);
    await store.restoreProject(coming.uid);
    expect((await store.findProjectByUid(coming.uid))?.expiresAt).toBe(now + LONG_MS);
  });
}

function closed(fixture: Fixture): void {
  test("are those whose purge began, and none that can be undone", async () => {
    const { store } = fixture;
    const active = await makeProject(fixture);
    const trashed = await makeProject(fixture);
    await trash(fixture, trashed.uid, LONG_MS);
    const deleting = await makeProject(fixture);
    await purging(fixture, deleting.uid);
    const asked = [active.uid, trashed.uid, deleting.uid, "none"];
    expect(await store.whichClosed(asked)).toEqual(new Set([deleting.uid]));
    expect(await store.whichClosed([])).toEqual(new Set());
  });
}

import { describe, expect, test } from "vitest";
import { isExpungeError } from "../../../src/core/errors.ts";
import type { DeletionCap } from "../../../src/ports/metadata/index.ts";
import {
  expectCode,
  type Fixture,
  LONG_MS,
  makeProject,
  newDeletionId,
  PAST_SHORT_MS,
  SHORT_MS,
} from "./fixture.ts";

const CAP: DeletionCap = { deletions: 3, withinMs: LONG_MS };

async function request(
  { store }: Fixture,
  projectUid: string,
  requestedBy: string,
  cap: DeletionCap | null = CAP,
): Promise<boolean> {
  const salt = new Uint8Array(32);
  const id = newDeletionId();
  const asked = { id, projectUid, requestedBy, graceMs: LONG_MS, salt, cap };
  return (await store.requestDeletion(asked)).joined;
}

async function uidsOf(fixture: Fixture, count: number): Promise<string[]> {
  const uids = [];
  for (let i = 0; i < count; i++) uids.push((await makeProject(fixture)).uid);
  return uids;
}

export function deletionCapContract(fixture: Fixture): void {
  describe("the cap of deletions", () => cap(fixture));
}

function cap(fixture: Fixture): void {
  test("a requester gets as many deletions as the cap allows, and changes nothing beyond", async () => {
    const { store } = fixture;
    const uids = await uidsOf(fixture, 4);
    for (const uid of uids.slice(0, 3)) await request(fixture, uid, "mallory");
    const [first = "", , , last = ""] = uids;
    await expectCode(request(fixture, last, "mallory"), "too-many-deletions");
    expect(await store.findProjectByUid(last)).toMatchObject({ state: "active" });
    expect(await store.findDeletionOf(last)).toBeNull();
    expect(await request(fixture, first, "mallory"), "joins what it has").toBe(true);
    expect(await request(fixture, last, "alice"), "another requester").toBe(false);
  });

  test("no cap, undone deletions and those of long ago count for nothing", async () => {
    const { store } = fixture;
    const uids = await uidsOf(fixture, 5);
    const [one = "", two = "", three = "", four = "", five = ""] = uids;
    const single = { deletions: 1, withinMs: LONG_MS };
    await request(fixture, one, "mallory", single);
    await expectCode(request(fixture, two, "mallory", single), "too-many-deletions");
    await request(fixture, two, "mallory", null);
    await store.restoreProject(one);
    await store.restoreProject(two);
    await request(fixture, three, "mallory", single);
    await expectCode(request(fixture, four, "mallory", single), "too-many-deletions");
    await fixture.advance(PAST_SHORT_MS);
    await request(fixture, four, "mallory", { deletions: 1, withinMs: SHORT_MS });
    await expectCode(request(fixture, five, "mallory", single), "too-many-deletions");
  });

  test("of many requests at the same time no more are taken than the cap allows", async () => {
    const uids = await uidsOf(fixture, 8);
    const answers = await Promise.allSettled(uids.map((uid) => request(fixture, uid, "mallory")));
    const refused = answers.filter((answer) => answer.status === "rejected");
    expect(refused).toHaveLength(5);
    for (const { reason } of refused)
      expect(isExpungeError(reason, "too-many-deletions")).toBe(true);
  });
}

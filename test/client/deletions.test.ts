import { afterEach, beforeEach, expect, test } from "vitest";
import type { DeletionEvent, ExpungeClient } from "../../src/client/index.ts";
import { failureOf, lockObjects, type Served, serveHttp } from "./support.ts";

let served: Served;
let admin: ExpungeClient;

beforeEach(async () => {
  served = await serveHttp();
  admin = served.clientOf("admin");
  await admin.projects.create({ id: "p1" });
  await admin.files.put("p1", "a", "bytes");
});
afterEach(() => served.close());

test("a project's deletion is answered completed, with a receipt that its uid leads to", async () => {
  const { uid } = await admin.projects.get("p1");
  const plan = await admin.projects.plan("p1");
  expect([plan.dryRun, plan.objects]).toEqual([true, 1]);
  const deletion = await admin.projects.delete("p1");
  expect([deletion.state, deletion.blocked]).toEqual(["completed", null]);
  const { receipt, payload } = await admin.receipts.get(uid);
  expect(receipt).toBe(deletion.receipt);
  expect(payload.totals.deleted).toBe(1);
  expect(await failureOf(admin.projects.get("p1"))).toEqual({
    code: "project-deleted",
    status: 410,
  });
});

test("a deletion in grace is answered at once, and can be undone", async () => {
  const { deletion, isInGrace } = await admin.projects.requestDeletion("p1", { grace: "72h" });
  expect([deletion.state, isInGrace]).toEqual(["trashed", true]);
  expect((await admin.projects.delete("p1", { grace: "72h" })).state).toBe("trashed");
  expect((await admin.projects.restore("p1")).state).toBe("active");
  expect(await (await admin.files.get("p1", "a")).text()).toBe("bytes");
  expect(await failureOf(admin.projects.restore("p1"))).toMatchObject({ code: "not-restorable" });
});

test("more objects than a client allows, and a hold, refuse the deletion and change nothing", async () => {
  const refused = admin.projects.delete("p1", { maxObjects: 0 });
  expect(await failureOf(refused)).toEqual({ code: "too-many-objects", status: 409 });
  expect((await admin.holds.place("p1", "a lawsuit")).reason).toBe("a lawsuit");
  expect(await failureOf(admin.projects.delete("p1"))).toEqual({
    code: "project-held",
    status: 423,
  });
  await admin.holds.release("p1");
  expect((await admin.projects.get("p1")).state).toBe("active");
});

test("a blocked deletion rejects with the residue, streams all of it and is retried", async () => {
  lockObjects(served.http);
  await expect(admin.projects.delete("p1")).rejects.toMatchObject({
    code: "deletion-blocked",
    details: { deletion: { residueTotal: 1 } },
  });
  const { deletion } = await admin.projects.requestDeletion("p1");
  const residue = [];
  for await (const one of admin.deletions.residue(deletion.id)) residue.push(one);
  expect(residue).toMatchObject([{ outcome: "blocked", code: "object-locked" }]);
  const blocked = await admin.deletions.wait(deletion.id);
  expect(blocked.blocked).not.toBeNull();
  served.http.objects.failures.refuse = () => null;
  const retried = await admin.deletions.retry(deletion.id);
  const ended = await admin.deletions.wait(deletion.id, { ignoreBlock: retried.blocked });
  expect(ended.state).toBe("completed");
});

test("many projects are planned and deleted in one call, and what is refused is named", async () => {
  await admin.projects.create({ id: "p2" });
  const ids = ["p1", "p2", "none"];
  expect((await admin.projects.planMany({ ids })).plans).toHaveLength(2);
  const { deletions, refused } = await admin.projects.deleteMany({ ids });
  expect(refused).toEqual([{ id: "none", code: "project-not-found" }]);
  for (const { id } of deletions) {
    expect((await admin.deletions.wait(id)).state).toBe("completed");
  }
  const listed = await admin.deletions.list({ state: "completed" });
  expect(listed.items.map(({ projectId }) => projectId).sort()).toEqual(["p1", "p2"]);
  for await (const one of admin.deletions.all({ projectId: "p2" })) {
    expect((await admin.deletions.get(one.id)).projectId).toBe("p2");
  }
});

test("following a deletion tells each state of affairs once and ends when it is completed", async () => {
  const { deletion } = await admin.projects.requestDeletion("p1");
  const events: DeletionEvent[] = [];
  for await (const event of admin.deletions.follow(deletion.id)) events.push(event);
  const last = events.at(-1);
  expect([last?.event, last?.deletion.state]).toEqual(["completed", "completed"]);
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  const again = [];
  const lastEventId = last?.id ?? "";
  for await (const event of admin.deletions.follow(deletion.id, { lastEventId })) again.push(event);
  expect(again).toEqual([]);
});

test("following ends with the signal's reason, and a wait that is over with the state of then", async () => {
  const { deletion } = await admin.projects.requestDeletion("p1", { grace: "1h" });
  const stop = new AbortController();
  const follow = async (): Promise<void> => {
    for await (const _ of admin.deletions.follow(deletion.id, { signal: stop.signal })) {
      stop.abort(new Error("enough"));
    }
  };
  await expect(follow()).rejects.toThrow("enough");
  const seen: string[] = [];
  const waited = await admin.deletions.wait(deletion.id, {
    waitMs: 50,
    onEvent: ({ event }) => seen.push(event),
  });
  expect([waited.state, seen]).toEqual(["trashed", ["state"]]);
});

import { describe, expect, test } from "vitest";
import { WEBHOOK_EVENT_TYPES } from "../../../src/core/webhooks.ts";
import type { WebhookDelivery } from "../../../src/ports/metadata/index.ts";
import {
  addFile,
  complete,
  completing,
  emptyFile,
  entryOf,
  expectAbout,
  expectCode,
  type Fixture,
  hashOf,
  LONG_MS,
  makeProject,
  PAST_SHORT_MS,
  purging,
  seal,
  sealable,
  SHORT_MS,
} from "./fixture.ts";

const ALL = { id: "WEBHOOK-all", events: WEBHOOK_EVENT_TYPES };
const FAILURE = { code: "status-500", message: "the endpoint answered 500" };
const DAY_MS = 24 * LONG_MS;

export function webhooksContract(fixture: Fixture): void {
  describe("what webhooks are told", () => events(fixture));
  describe("the outbox of webhooks", () => outbox(fixture));
}

/** Everything that waits for an endpoint, taken. */
async function told({ store }: Fixture, id = ALL.id): Promise<readonly WebhookDelivery[]> {
  return await store.claimDeliveries(id, 1000, LONG_MS);
}

async function typesTold(fixture: Fixture): Promise<unknown[]> {
  return (await told(fixture)).map(({ type, data }) => [type, data]);
}

function events(fixture: Fixture): void {
  test("files that come, are replaced and go are told of by their uids", async () => {
    const { store } = fixture;
    await store.registerWebhooks([ALL]);
    const { id: projectId, uid: projectUid } = await makeProject(fixture);
    const first = await addFile(fixture, projectUid, "secret name");
    const other = await store.commitEmptyFile(emptyFile(projectUid, { path: "secret name" }));
    await store.removeFile(projectUid, "secret name");
    const of = (fileUid: string) => ({ projectId, projectUid, fileUid });
    const messages = await typesTold(fixture);
    expect(messages).toHaveLength(4);
    expect(messages).toEqual(
      expect.arrayContaining([
        ["file.created", { ...of(first.uid), sizeBytes: first.sizeBytes }],
        ["file.created", { ...of(other.file.uid), sizeBytes: 0 }],
        ["file.deleted", of(first.uid)],
        ["file.deleted", of(other.file.uid)],
      ]),
    );
    expect(JSON.stringify(messages)).not.toContain("secret name");
  });

  test("a refused change tells nobody, and a repeated commit nobody twice", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    await store.registerWebhooks([ALL]);
    await expectCode(store.removeFile(uid, "none"), "file-not-found");
    const upload = await completing(fixture, uid, { direct: true });
    const facts = { sizeBytes: upload.sizeBytes ?? 0, sha256: null, etag: "e" };
    await store.commitUpload(upload.id, facts);
    await store.commitUpload(upload.id, facts);
    const precondition = { ifNoneMatch: "*" } as const;
    await expectCode(
      store.commitEmptyFile(emptyFile(uid, { path: upload.path, precondition })),
      "precondition-failed",
    );
    expect((await told(fixture)).map(({ type }) => type)).toEqual(["file.created"]);
  });

  test("a deletion is told of once when it comes to a halt and once when it is completed", async () => {
    const { store } = fixture;
    await store.registerWebhooks([ALL]);
    const { id: projectId, uid: projectUid } = await makeProject(fixture);
    const held = await sealable(fixture, projectUid);
    const { id: deletionId, token } = held;
    const cause = { code: "access-denied", reason: "denied", retryInMs: LONG_MS } as const;
    await store.setBlocked(deletionId, token, cause);
    await store.setBlocked(deletionId, token, { ...cause, code: "object-locked" });
    const facts = { projectId, projectUid, deletionId };
    expect(await typesTold(fixture)).toEqual([
      ["project.deletion_blocked", { ...facts, code: "access-denied" }],
    ]);
    await store.setBlocked(deletionId, token, null);
    await complete(fixture, held);
    const receipt = await store.findReceipt(projectUid);
    expect(await typesTold(fixture)).toEqual([
      ["project.deleted", { ...facts, receiptHash: receipt?.hash }],
    ]);
  });

  test("a receipt that cannot be sealed tells nobody that the project is deleted", async () => {
    const { store } = fixture;
    await store.registerWebhooks([ALL]);
    const { uid } = await makeProject(fixture);
    const { id, token } = await sealable(fixture, uid);
    const broken = (): Promise<never> => Promise.reject(new Error("no key"));
    await expect(store.completeDeletion(id, token, broken)).rejects.toThrow("no key");
    expect(await told(fixture)).toEqual([]);
  });

  test("an amendment is told of with the receipt that it amends", async () => {
    const { store } = fixture;
    const { id: projectId, uid: projectUid } = await makeProject(fixture);
    const { id: deletionId, token } = await sealable(fixture, projectUid);
    await store.completeDeletion(deletionId, token, seal, [0]);
    await store.registerWebhooks([ALL]);
    const claim = await store.claimSettle(deletionId, LONG_MS);
    const settling = claim?.token ?? 0;
    await store.recordReturned(deletionId, settling, "canonical", [entryOf("back")]);
    const end = { left: new Map(), verifiedAt: await store.now(), retryInMs: LONG_MS };
    const sealed = { jws: "amendment", hash: hashOf("amendment") };
    await store.finishSettle(deletionId, settling, end, () => Promise.resolve(sealed));
    const receiptHash = (await store.findReceipt(projectUid))?.hash;
    const facts = { projectId, projectUid, deletionId, receiptHash };
    expect(await typesTold(fixture)).toEqual([
      ["receipt.amended", { ...facts, amendmentHash: sealed.hash }],
    ]);
  });

  test("an endpoint is told of the types that it wants, each time under a new id", async () => {
    const { store } = fixture;
    const some = { id: "WEBHOOK-some", events: ["file.deleted"] as const };
    await store.registerWebhooks([ALL, some]);
    const { uid } = await makeProject(fixture);
    await addFile(fixture, uid, "a");
    await store.removeFile(uid, "a");
    const [all, few] = [await told(fixture), await told(fixture, some.id)];
    expect(all).toHaveLength(2);
    expect(few.map(({ type }) => type)).toEqual(["file.deleted"]);
    expect(new Set([...all, ...few].map(({ id }) => id)).size).toBe(3);
  });

  test("without endpoints nothing is written down", async () => {
    const { store } = fixture;
    await store.registerWebhooks([ALL]);
    await store.registerWebhooks([]);
    const { uid } = await makeProject(fixture);
    await addFile(fixture, uid, "a");
    expect(await store.forgetDeliveries(0, 10)).toBe(0);
    await store.registerWebhooks([ALL]);
    expect(await store.dueWebhooks()).toEqual([]);
  });
}

function outbox(fixture: Fixture): void {
  const message = async (): Promise<void> => {
    const { uid } = await makeProject(fixture);
    await addFile(fixture, uid, "a");
  };

  test("a claimed message is due again when its lease is over, under the same id", async () => {
    const { store } = fixture;
    await store.registerWebhooks([ALL]);
    await message();
    expect(await store.dueWebhooks()).toEqual([ALL.id]);
    const [first] = await store.claimDeliveries(ALL.id, 10, SHORT_MS);
    expect(first).toMatchObject({ webhookId: ALL.id, type: "file.created", attempts: 1 });
    expectAbout(first?.at, await store.now());
    expect(await store.dueWebhooks()).toEqual([]);
    expect(await told(fixture)).toEqual([]);
    await fixture.advance(PAST_SHORT_MS);
    expect(await told(fixture)).toEqual([{ ...first, attempts: 2 }]);
  });

  test("a batch has its limit and goes by age", async () => {
    const { store } = fixture;
    await store.registerWebhooks([ALL]);
    for (let i = 0; i < 3; i++) {
      await message();
      await fixture.advance(PAST_SHORT_MS);
    }
    const first = await store.claimDeliveries(ALL.id, 2, LONG_MS);
    const rest = await store.claimDeliveries(ALL.id, 2, LONG_MS);
    expect([first.length, rest.length]).toEqual([2, 1]);
    const times = [...first, ...rest].map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test("a delivered message is gone, and what is said of it later changes nothing", async () => {
    const { store } = fixture;
    await store.registerWebhooks([ALL]);
    await message();
    const [{ id } = { id: "" }] = await told(fixture);
    await store.finishDelivery(id);
    await store.finishDelivery(id);
    await store.postponeDelivery(id, FAILURE, 0);
    expect(await store.listWebhooks()).toEqual([
      { id: ALL.id, disabledAt: null, pending: 0, failed: 0, lastError: null },
    ]);
    expect(await store.retryDeliveries(ALL.id)).toBe(0);
  });

  test("a postponed message waits, and one that was given up waits for a retry by hand", async () => {
    const { store } = fixture;
    await store.registerWebhooks([ALL]);
    await message();
    const [{ id } = { id: "" }] = await told(fixture);
    await store.postponeDelivery(id, FAILURE, SHORT_MS);
    const [pending] = await store.listWebhooks();
    expect(pending).toMatchObject({ pending: 1, failed: 0, lastError: FAILURE });
    expectAbout(pending?.lastError?.at, await store.now());
    await fixture.advance(PAST_SHORT_MS);
    expect(await told(fixture)).toMatchObject([{ id, attempts: 2 }]);
    await store.postponeDelivery(id, FAILURE, null);
    await fixture.advance(DAY_MS);
    expect(await store.dueWebhooks()).toEqual([]);
    expect(await store.listWebhooks()).toMatchObject([{ pending: 0, failed: 1 }]);
    expect(await store.retryDeliveries("WEBHOOK-other")).toBe(0);
    expect(await store.retryDeliveries(ALL.id)).toBe(1);
    expect(await told(fixture)).toMatchObject([{ id, attempts: 1 }]);
  });

  test("a disabled endpoint gets nothing until it is registered again", async () => {
    const { store } = fixture;
    await store.registerWebhooks([ALL]);
    await store.disableWebhook(ALL.id, { code: "status-410", message: "gone" });
    await message();
    expect(await store.dueWebhooks()).toEqual([]);
    expect(await told(fixture)).toEqual([]);
    const [state] = await store.listWebhooks();
    expect(state).toMatchObject({ pending: 1, lastError: { code: "status-410" } });
    expectAbout(state?.disabledAt, await store.now());
    await store.registerWebhooks([ALL]);
    expect(await store.dueWebhooks()).toEqual([ALL.id]);
    expect(await told(fixture)).toHaveLength(1);
  });

  test("messages outlive the configuration, and go by age", async () => {
    const { store } = fixture;
    await store.registerWebhooks([ALL]);
    await message();
    await store.registerWebhooks([{ id: "WEBHOOK-other", events: ["file.created"] }]);
    expect(await store.dueWebhooks()).toEqual([]);
    expect(await told(fixture)).toEqual([]);
    await store.registerWebhooks([ALL]);
    expect(await told(fixture)).toHaveLength(1);
    await fixture.advance(DAY_MS);
    await message();
    expect(await store.forgetDeliveries(DAY_MS, 10)).toBe(1);
    expect(await store.listWebhooks()).toMatchObject([{ pending: 1 }]);
  });

  test("a deletion under way tells nobody of its files", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    await addFile(fixture, uid, "a");
    await store.registerWebhooks([ALL]);
    await purging(fixture, uid);
    expect(await told(fixture)).toEqual([]);
  });
}

import { describe, expect, it } from "vitest";
import { MemoryCdn } from "../../../src/adapters/memory/cdn.ts";
import type { CdnErrorCode, CdnFailure, CdnMode } from "../../../src/core/cdn.ts";
import { canonicalPrefix } from "../../../src/core/keys.ts";
import type { StoreErrorClass } from "../../../src/core/store-errors.ts";
import { runPurge } from "../../../src/services/purge/purge.ts";
import { runSettle } from "../../../src/services/purge/settle.ts";
import { verifyReceipt } from "../../../src/services/receipts.ts";
import { ADMIN, putText, type TestServiceOptions } from "../../support/context.ts";
import { BYTES, deletionFixture } from "../../support/deletion-fixture.ts";
import { withMethods } from "../../support/methods.ts";

const fixture = deletionFixture();
const { project, deleteAndWait, keys, counts } = fixture;
const NEVER = new AbortController().signal;
const LAYOUTS = [
  { name: "old", template: "old/{project}/**" },
  { name: "zip", template: "{project}.zip" },
  { name: "users", template: "users/*/p-{project}/**" },
];
const CDN = "cdn.example.org";

type Fault = (targets: readonly string[]) => CdnFailure | null;

function failure(code: CdnErrorCode, errorClass: StoreErrorClass): CdnFailure {
  return { code, errorClass, message: `${code} on purpose`, retryAfterMs: null };
}

async function startWith(
  mode: CdnMode,
  options: TestServiceOptions & { readonly fault?: Fault } = {},
): Promise<MemoryCdn> {
  const { fault, ...rest } = options;
  const cdn = new MemoryCdn(mode, (targets) => {
    // What is purged while its object is there would be cached anew.
    expect(keys().filter((key) => key.includes("p1"))).toEqual([]);
    return fault?.(targets) ?? null;
  });
  await fixture.start({ layouts: LAYOUTS, pauseMaxMs: 5, ...rest, cdn });
  return cdn;
}

/** One object on each surface. */
async function filled(): Promise<{ uid: string; key: string }> {
  const uid = await project("p1");
  const key = await putText(fixture.service, "p1", "a.txt", "12345");
  const { objects } = fixture.service;
  await objects.put(`${canonicalPrefix(uid)}stray`, BYTES);
  await objects.put("old/p1/a b?.txt", BYTES);
  await objects.put("p1.zip", BYTES);
  await objects.put("users/u1/p-p1/x", BYTES);
  return { uid, key };
}

async function payloadOf(uid: string) {
  const { services, context } = fixture.service;
  const { jws } = await services.receipts.get(ADMIN, uid);
  return await verifyReceipt(context.signer, jws, [context.signer.publicKey]);
}

describe("a deletion before a CDN", () => {
  it("purges the prefixes that are the project's own, and other keys one by one", async () => {
    const cdn = await startWith("prefix");
    const { uid } = await filled();
    const plan = await fixture.service.services.deletions.plan(ADMIN, "p1");
    expect(plan.objects).toBe(5);
    expect(plan.surfaces.at(-1)).toEqual({
      surface: "cdn",
      objects: 4,
      bytes: 0,
      sampleKeys: [
        `${CDN}/projects/${uid}`,
        `${CDN}/old/p1`,
        `${CDN}/p1.zip`,
        `${CDN}/users/u1/p-p1/x`,
      ],
    });
    const deletion = await deleteAndWait("p1");
    expect(deletion.state).toBe("completed");
    expect(cdn.accepted.flat().toSorted()).toEqual(
      (plan.surfaces.at(-1)?.sampleKeys ?? []).toSorted(),
    );
    expect(counts(deletion, "cdn")).toMatchObject({ found: 4, deleted: 4, bytes: 0 });
  });

  it("purges every key by its URL in mode url, tracked keys that nothing lists too", async () => {
    const cdn = await startWith("url");
    const { uid, key } = await filled();
    const lost = await putText(fixture.service, "p1", "lost.txt", "1");
    await fixture.service.objects.remove([lost]);
    const deletion = await deleteAndWait("p1");
    expect(cdn.accepted.flat().toSorted()).toEqual(
      [
        `https://${CDN}/${key}`,
        `https://${CDN}/${lost}`,
        `https://${CDN}/projects/${uid}/stray`,
        `https://${CDN}/old/p1/a%20b%3F.txt`,
        `https://${CDN}/p1.zip`,
        `https://${CDN}/users/u1/p-p1/x`,
      ].toSorted(),
    );
    expect(counts(deletion, "cdn")).toMatchObject({ found: 6, deleted: 6 });
  });

  it("says in the receipt what was requested, and counts no purge as an object", async () => {
    await startWith("url");
    const { uid } = await filled();
    const { completedAt } = await deleteAndWait("p1");
    const payload = await payloadOf(uid);
    expect(payload.totals.deleted).toBe(5);
    expect(payload.merkle.leaves).toBe(5);
    expect(payload.surfaces.at(-1)).toEqual({
      surface: "cdn",
      guarantee: "requested",
      found: 5,
      deleted: 5,
      absent: 0,
      bytes: 0,
    });
    const { provider, domain, mode, acceptedAt } = payload.cdn ?? {};
    expect([provider, domain, mode]).toEqual(["memory", CDN, "url"]);
    expect(Date.parse(acceptedAt ?? "")).toBeLessThanOrEqual(completedAt ?? 0);
    expect(Date.parse(acceptedAt ?? "")).toBeGreaterThanOrEqual(
      Date.parse(payload.times.verifiedAt),
    );
    expect(payload.notCovered[0]).toMatch(/browser caches.*a query, an Origin header/);
    expect(JSON.stringify(payload)).not.toContain("old/p1");
  });

  it("has receipts of the form without a CDN where none is configured", async () => {
    await fixture.start();
    const uid = await project("p1");
    await deleteAndWait("p1");
    const payload = await payloadOf(uid);
    expect(payload).not.toHaveProperty("cdn");
    expect(payload.surfaces.map(({ surface }) => surface)).not.toContain("cdn");
    expect(payload.notCovered[0]).toBe("copies in CDN and browser caches");
  });

  it("is not completed while a purge is not accepted, and names what is in the way", async () => {
    let isDenied = true;
    const cdn = await startWith("prefix", {
      fault: () => (isDenied ? failure("cdn-denied", "blocked") : null),
    });
    const { uid } = await filled();
    const blocked = await deleteAndWait("p1");
    expect(blocked.state).toBe("verifying");
    expect(blocked.blocked?.code).toBe("cdn-denied");
    expect(blocked.blocked?.reason).toMatch(
      /^everything is removed, but 4 purges of the CDN were not accepted/,
    );
    expect(counts(blocked, "cdn")).toMatchObject({ found: 4, deleted: 0, blocked: 4 });
    expect(keys()).toEqual([]);
    const { deletions } = fixture.service.services;
    expect(await deletions.residue(ADMIN, blocked.id, 10)).toContainEqual({
      surface: "cdn",
      key: `${CDN}/projects/${uid}`,
      outcome: "blocked",
      code: "cdn-denied",
      message: "cdn-denied on purpose",
    });
    isDenied = false;
    const completed = await deletions.wait(await deletions.retry(ADMIN, blocked.id), 10_000);
    expect(completed).toMatchObject({ state: "completed", residueTotal: 0 });
    expect(cdn.accepted.flat()).toHaveLength(4);
  });

  it("tries a purge again that may pass, and blocks when it does not", async () => {
    let left = 3;
    await startWith("prefix", {
      fault: () => (left-- > 0 ? failure("cdn-unavailable", "retryable") : null),
    });
    await project("p1");
    expect((await deleteAndWait("p1")).state).toBe("completed");
    left = 1000;
    await project("p2");
    const blocked = await deleteAndWait("p2");
    expect(blocked.blocked?.code).toBe("cdn-unavailable");
    expect(counts(blocked, "cdn")).toMatchObject({ deleted: 0, unknown: 2 });
  });

  it("purges all but the one that is refused for its own sake", async () => {
    const cdn = await startWith("url", {
      fault: (targets) =>
        targets.some((target) => target.includes("zip"))
          ? failure("cdn-refused", "permanent")
          : null,
    });
    await filled();
    const blocked = await deleteAndWait("p1");
    expect(counts(blocked, "cdn")).toMatchObject({ found: 5, deleted: 4, failed: 1 });
    expect(blocked.blocked?.reason).toMatch(/but 1 purge of the CDN was not accepted/);
    expect(cdn.accepted.flat()).toHaveLength(4);
  });

  it("does not part a request for ever that is always refused", async () => {
    let asked = 0;
    await startWith("url", {
      fault: () => {
        asked++;
        return failure("cdn-refused", "permanent");
      },
    });
    await project("p1");
    for (let i = 0; i < 64; i++) await fixture.service.objects.put(`old/p1/${i}`, BYTES);
    const blocked = await deleteAndWait("p1");
    expect(counts(blocked, "cdn")).toMatchObject({ failed: 64 });
    expect(asked).toBeLessThan(20);
  });

  it("goes on after a crash between removal and purge with every URL that it knew", async () => {
    const stop = new AbortController();
    const cdn = await startWith("url", { work: false });
    await filled();
    const { context, services } = fixture.service;
    const { id } = await services.deletions.request(ADMIN, "p1", {});
    const dying = withMethods(context.metadata, {
      recordEvidence: async () => {
        stop.abort();
        throw new Error("killed on purpose");
      },
    });
    expect(await runPurge({ ...context, metadata: dying }, id, stop.signal)).toBe("stopped");
    expect(keys()).toEqual([]);
    expect(cdn.accepted).toEqual([]);
    expect(await runPurge(context, id, NEVER)).toBe("completed");
    expect(cdn.accepted.flat()).toHaveLength(5);
  });

  it("sends a purge once more whose acceptance a crash forgot, and counts it once", async () => {
    const stop = new AbortController();
    const cdn = await startWith("url", { work: false });
    await filled();
    const { context, services } = fixture.service;
    const { id } = await services.deletions.request(ADMIN, "p1", {});
    const dying = withMethods(context.metadata, {
      acceptCdnTargets: async () => {
        stop.abort();
        throw new Error("killed on purpose");
      },
    });
    expect(await runPurge({ ...context, metadata: dying }, id, stop.signal)).toBe("stopped");
    expect(await runPurge(context, id, NEVER)).toBe("completed");
    expect(cdn.accepted.flat()).toHaveLength(10);
    const deletion = await services.deletions.get(ADMIN, id);
    expect(counts(deletion, "cdn")).toMatchObject({ found: 5, deleted: 5 });
  });

  it("is completed without the purge where the CDN was taken out of the configuration", async () => {
    await startWith("url", {
      fault: () => failure("cdn-denied", "blocked"),
      work: false,
    });
    const { uid } = await filled();
    const { context, services } = fixture.service;
    const { id } = await services.deletions.request(ADMIN, "p1", {});
    expect(await runPurge(context, id, NEVER)).toBe("blocked");
    await context.metadata.retryDeletion(id);
    expect(await runPurge({ ...context, cdn: null }, id, NEVER)).toBe("completed");
    expect(fixture.service.log.text()).toContain("no CDN is configured any more");
    expect(await payloadOf(uid)).not.toHaveProperty("cdn");
  });
});

describe("the later look at a deletion before a CDN", () => {
  it("purges what came back, and the prefixes once more", async () => {
    const cdn = await startWith("prefix", { settleMs: [0] });
    const { uid } = await filled();
    const { id } = await deleteAndWait("p1");
    await fixture.service.objects.put("users/u2/p-p1/back", BYTES);
    const before = cdn.accepted.length;
    const { context } = fixture.service;
    expect(await runSettle(context, id, NEVER)).toMatchObject({ result: "amended", found: 1 });
    expect(cdn.accepted.slice(before).flat().toSorted()).toEqual([
      `${CDN}/old/p1`,
      `${CDN}/projects/${uid}`,
      `${CDN}/users/u2/p-p1/back`,
    ]);
    const deletion = await fixture.service.services.deletions.get(ADMIN, id);
    expect(counts(deletion, "cdn")).toMatchObject({ found: 4, deleted: 4 });
  });

  it("is repeated while the CDN does not take the purge", async () => {
    let isDenied = false;
    await startWith("prefix", {
      settleMs: [0],
      fault: () => (isDenied ? failure("cdn-denied", "blocked") : null),
    });
    await project("p1");
    const { id } = await deleteAndWait("p1");
    isDenied = true;
    expect(await runSettle(fixture.service.context, id, NEVER)).toMatchObject({
      result: "unknown",
      found: 0,
    });
    expect(fixture.service.log.text()).toContain("the CDN was not purged again");
  });
});

import { expect, test } from "vitest";
import type { Caller } from "../../src/core/caller.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { expireProjects } from "../../src/services/expiry.ts";
import {
  ADMIN,
  makeService,
  type TestService,
  type TestServiceOptions,
} from "../support/context.ts";

const HOUR_MS = 3_600_000;

const MALLORY: Caller = {
  subject: "alice",
  rights: new Set(["projects:read", "projects:write", "projects:delete"]),
};

async function make(
  projects: number,
  options: TestServiceOptions,
): Promise<TestService & { readonly ids: readonly string[] }> {
  const service = await makeService({ work: false, ...options });
  const ids = [];
  for (let i = 0; i < projects; i++) {
    ids.push((await service.services.projects.create(MALLORY, {})).id);
  }
  return { ...service, ids };
}

test("a stolen token deletes as many projects as the cap allows, all of which can be restored", async () => {
  const { services, ids, stop } = await make(12, { deletionsPerHour: 10, minGraceMs: HOUR_MS });
  const { done, refused } = await services.bulkDeletions.request(MALLORY, { ids }, { graceMs: 0 });
  expect(done).toHaveLength(10);
  expect(refused.map(({ code }) => code)).toEqual(["too-many-deletions", "too-many-deletions"]);
  for (const { projectId, state } of done) {
    expect(state).toBe("trashed");
    expect((await services.deletions.restore(ADMIN, projectId)).state).toBe("restored");
  }
  expect((await services.projects.list(ADMIN, { limit: 100, state: "active" })).items).toHaveLength(
    12,
  );
  await stop();
});

test("an admin has neither a cap nor a least grace", async () => {
  const { services, ids, stop } = await make(3, { deletionsPerHour: 1, minGraceMs: HOUR_MS });
  for (const id of ids) {
    const { requestedAt, purgeAfter } = await services.deletions.request(ADMIN, id, {});
    expect(purgeAfter).toBe(requestedAt);
  }
  await stop();
});

test("a repeated request brings the purge no nearer than the least grace", async () => {
  const { services, ids, stop } = await make(1, { minGraceMs: HOUR_MS });
  const [id = ""] = ids;
  const longer = await services.deletions.request(MALLORY, id, { graceMs: 5 * HOUR_MS });
  expect(longer.purgeAfter).toBe(longer.requestedAt + 5 * HOUR_MS);
  const sooner = await services.deletions.request(MALLORY, id, { graceMs: 0 });
  expect(sooner.id).toBe(longer.id);
  expect(sooner.purgeAfter).toBeGreaterThanOrEqual(sooner.requestedAt + HOUR_MS);
  await stop();
});

test("expiry is no way around the cap and the least grace", async () => {
  const { services, context, ids, metadata, stop } = await make(1, { minGraceMs: HOUR_MS });
  const { projects } = services;
  const [id = ""] = ids;
  const writes: Caller = { subject: "alice", rights: new Set(["projects:write"]) };
  const later = Date.now() + LIMITS.expiryNoticeMs + HOUR_MS;
  await expect(projects.update(writes, id, { expiresAt: later })).rejects.toMatchObject({
    code: "forbidden",
  });
  await expect(projects.update(MALLORY, id, { expiresAt: Date.now() })).rejects.toMatchObject({
    code: "invalid-request",
  });
  expect((await projects.update(MALLORY, id, { expiresAt: later })).expiresAt).toBe(later);
  expect((await projects.update(writes, id, { expiresAt: null })).expiresAt).toBeNull();
  const { uid } = await projects.update(ADMIN, id, { expiresAt: Date.now() - 1 });
  await expireProjects(context);
  const deletion = await metadata.findDeletionOf(uid);
  expect(deletion?.purgeAfter).toBe((deletion?.requestedAt ?? 0) + HOUR_MS);
  await stop();
});

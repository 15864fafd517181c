import { describe, expect, it } from "vitest";
import { expireProjects } from "../../src/services/expiry.ts";
import { scanOnce } from "../../src/services/worker.ts";
import { ADMIN, putText } from "../support/context.ts";
import { deletionFixture, WAIT_MS } from "../support/deletion-fixture.ts";

const fixture = deletionFixture();
const { start, keys } = fixture;

describe("a project whose time is over", () => {
  it("is deleted without anybody asking, with a receipt", async () => {
    await start();
    const { projects, deletions, receipts } = fixture.service.services;
    const { uid } = await projects.create(ADMIN, { id: "p1", ttlMs: 60_000 });
    await putText(fixture.service, "p1", "a.txt", "12345");
    await scanOnce(fixture.service.context);
    expect((await projects.get(ADMIN, "p1")).state).toBe("active");
    await projects.update(ADMIN, "p1", { expiresAt: Date.now() - 1 });
    await scanOnce(fixture.service.context);
    const deletion = await fixture.service.metadata.findDeletionOf(uid);
    expect(deletion).toMatchObject({ requestedBy: "expiry" });
    if (!deletion) throw new Error("it should have a deletion");
    expect(await deletions.wait(deletion, WAIT_MS)).toMatchObject({ state: "completed" });
    expect((await receipts.get(ADMIN, uid)).payload.totals.deleted).toBe(1);
    expect(keys()).toEqual([]);
    expect(fixture.service.log.text()).toContain("project expired, deletion begun");
  });

  it("stays while a hold stands, and gets a fresh grace when that is released", async () => {
    await start();
    const { projects } = fixture.service.services;
    const { uid } = await projects.create(ADMIN, { id: "p1", expiresAt: Date.now() - 1 });
    await projects.placeHold(ADMIN, "p1", "court");
    await expireProjects(fixture.service.context);
    expect((await projects.get(ADMIN, "p1")).state).toBe("active");
    await projects.releaseHold(ADMIN, "p1");
    await expireProjects(fixture.service.context);
    const project = await projects.get(ADMIN, "p1");
    expect(project.state).toBe("active");
    expect(project.expiresAt).toBeGreaterThan(Date.now());
    expect(await fixture.service.metadata.findDeletionOf(uid)).toBeNull();
  });
});

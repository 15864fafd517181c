import { describe, expect, it } from "vitest";
import { ADMIN, putText } from "../support/context.ts";
import { deletionFixture } from "../support/deletion-fixture.ts";

const fixture = deletionFixture();
const { start, project, keys } = fixture;

describe("deleting a project in process, with one call", () => {
  it("answers once it is verified, and a repetition gets the same deletion", async () => {
    await start();
    await project("p1");
    await putText(fixture.service, "p1", "a.txt", "12345");
    const { deletions } = fixture.service.services;
    const deletion = await deletions.delete(ADMIN, "p1");
    expect([deletion.state, keys()]).toEqual(["completed", []]);
    await expect(deletions.delete(ADMIN, "p1")).resolves.toMatchObject({ id: deletion.id });
  });

  it("answers at once while the deletion is in grace", async () => {
    await start();
    await project("p1");
    const deletion = await fixture.service.services.deletions.delete(ADMIN, "p1", {
      graceMs: 60_000,
    });
    expect(deletion.state).toBe("trashed");
  });

  it("answers how it stands when the wait is over, and when its signal aborts", async () => {
    await start({ work: false });
    await project("p1");
    const { deletions } = fixture.service.services;
    const over = await deletions.delete(ADMIN, "p1", { waitMs: 1 });
    expect(over.state).toBe("trashed");
    const signal = AbortSignal.abort();
    expect((await deletions.delete(ADMIN, "p1", { signal })).state).toBe("trashed");
  });

  it("fails with the residue where it is blocked", async () => {
    await start();
    await project("p1");
    const key = await putText(fixture.service, "p1", "a.txt", "12345");
    fixture.service.objects.failures.refuse = () => ({
      result: "blocked",
      retryable: false,
      code: "object-locked",
      message: "locked",
    });
    const blocked = fixture.service.services.deletions.delete(ADMIN, "p1");
    await expect(blocked).rejects.toMatchObject({
      code: "deletion-blocked",
      details: { residueTotal: 1, residue: [{ key, code: "object-locked" }] },
    });
  });
});

import { describe, expect, it } from "vitest";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { bodyOf } from "../../src/services/bytes.ts";
import { ADMIN, putText } from "../support/context.ts";
import { BYTES, deletionFixture } from "../support/deletion-fixture.ts";
import { withLimit } from "../support/limits.ts";
import { withMethods } from "../support/methods.ts";

const fixture = deletionFixture();
const { start, project, keys } = fixture;
const LOCKED = { result: "blocked", retryable: false, code: "object-locked" } as const;

/** The last step of a self-test that failed. */
async function failure(): Promise<unknown> {
  const { ok, steps } = await fixture.service.services.debug.selfTest(ADMIN);
  expect(ok).toBe(false);
  expect(steps.slice(0, -1).every((step) => step.ok)).toBe(true);
  return steps.at(-1);
}

describe("the self-test", () => {
  it("fails at reading where other bytes come back, and where there are fewer", async () => {
    for (const change of [
      (bytes: Uint8Array) => bytes.map((byte) => byte ^ 1),
      (bytes: Uint8Array) => bytes.subarray(1),
      (bytes: Uint8Array) => bytes.subarray(0, -1),
    ]) {
      await start({
        wrap: (store) =>
          withMethods<ObjectStore>(store, {
            get: async (key, ...rest) => {
              const found = await store.get(key, ...rest);
              const chunks: Uint8Array[] = [];
              for await (const chunk of found.body) chunks.push(chunk);
              const bytes = new Uint8Array(Buffer.concat(chunks));
              return {
                ...found,
                body: bodyOf(key.startsWith(".expunge/") ? bytes : change(bytes)),
              };
            },
          }),
      });
      expect(await failure()).toMatchObject({
        step: "read one back",
        detail: "the bytes that came back are not those that were stored",
      });
      await fixture.service.stop();
    }
  });

  it("fails at the deletion where it is blocked, with the reason, and where it does not end", async () => {
    await start();
    fixture.service.objects.failures.refuse = () => ({ ...LOCKED, message: "locked by law" });
    expect(await failure()).toMatchObject({
      step: "delete the project",
      detail: expect.stringContaining("locked by law") as string,
    });
    await fixture.service.stop();
    await start({ work: false });
    await withLimit("selfTestWaitMs", 0, async () => {
      expect(await failure()).toMatchObject({ detail: "the deletion is still 'trashed'" });
    });
  });

  it("fails at the listing where something is back after the receipt", async () => {
    await start();
    const { context, objects } = fixture.service;
    const { metadata } = context;
    const completed = metadata.completeDeletion.bind(metadata);
    metadata.completeDeletion = async (...args) => {
      const deletion = await completed(...args);
      await objects.put(`projects/${deletion.projectUid}/back`, BYTES);
      return deletion;
    };
    expect(await failure()).toMatchObject({
      step: "list every surface",
      detail: "1 objects are still listed",
    });
  });

  it("fails at the receipt where there is none", async () => {
    await start();
    fixture.service.context.metadata.findReceipt = async () => null;
    expect(await failure()).toMatchObject({
      step: "verify the receipt",
      detail: expect.stringMatching(/^DELETE-\w+ has no receipt$/) as string,
    });
  });
});

describe("a cleanup", () => {
  it("tries a blocked deletion again", async () => {
    await start();
    await project("p1");
    await putText(fixture.service, "p1", "a", "x");
    const { services, objects } = fixture.service;
    objects.failures.refuse = () => ({ ...LOCKED, message: "locked" });
    const first = await services.deletions.wait(await services.debug.cleanup(ADMIN, "p1"), 10_000);
    expect(first.blocked).toMatchObject({ code: "object-locked" });
    objects.failures.refuse = null;
    const again = await services.debug.cleanup(ADMIN, "p1");
    expect(again).toMatchObject({ id: first.id, blocked: null });
    expect(await services.deletions.wait(again, 10_000)).toMatchObject({ state: "completed" });
    expect(keys()).toEqual([]);
  });
});

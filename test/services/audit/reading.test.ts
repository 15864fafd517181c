import { afterEach, describe, expect, it } from "vitest";
import { isComplete } from "../../../src/core/audit.ts";
import { StoreError } from "../../../src/core/store-errors.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import { runAudit } from "../../../src/services/audit/run.ts";
import {
  ADMIN,
  makeService,
  putText,
  type TestService,
  type TestServiceOptions,
} from "../../support/context.ts";
import { withMethods } from "../../support/methods.ts";

const services: TestService[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
});

async function service(options: TestServiceOptions = {}): Promise<TestService> {
  const made = await makeService({ work: false, pauseMaxMs: 1, ...options });
  services.push(made);
  const { id } = await made.services.projects.create(ADMIN, {});
  for (const path of ["a", "b", "c"]) await putText(made, id, path, path);
  return made;
}

describe("reading a sample", () => {
  it("finds objects whose bytes are not what was stored, of those that it reads", async () => {
    const one = await service();
    const [row] = await one.metadata.listStoredFiles({ limit: 1 });
    await one.objects.put(row?.key ?? "", new Uint8Array(row?.sizeBytes ?? 0));
    const counts: unknown[] = [];
    for (const readPercent of [0, 100]) {
      const { id } = await one.services.audits.start(ADMIN, { minAgeMs: 0, readPercent });
      await runAudit(one.context, id, new AbortController().signal);
      const { progress } = await one.services.audits.get(ADMIN, id);
      counts.push([progress.counts.read, progress.counts.mismatched]);
    }
    expect(counts).toEqual([
      [0, 0],
      [3, 1],
    ]);
  });

  it("is not complete where bytes cannot be read, and passes over files that go meanwhile", async () => {
    const answers = ["access-denied", "no-such-key"] as const;
    let reads = 0;
    const one = await service({
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          get: (key, range) => {
            const code = answers[reads++];
            if (code === undefined) return store.get(key, range);
            return Promise.reject(new StoreError(code, "blocked", "no"));
          },
        }),
    });
    const { id } = await one.services.audits.start(ADMIN, { minAgeMs: 0, readPercent: 100 });
    await runAudit(one.context, id, new AbortController().signal);
    const { progress } = await one.services.audits.get(ADMIN, id);
    expect(progress.counts).toMatchObject({ read: 1, unknown: 1, mismatched: 0 });
    expect(isComplete(progress)).toBe(false);
  });
});

import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type Audit, isComplete } from "../../../src/core/audit.ts";
import { canonicalKey } from "../../../src/core/keys.ts";
import { StoreError } from "../../../src/core/store-errors.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import type { FindingView, NewAudit } from "../../../src/services/audit/audits.ts";
import { runAudit } from "../../../src/services/audit/run.ts";
import { newUid } from "../../contract/metadata/fixture.ts";
import {
  ADMIN,
  makeService,
  putText,
  type TestService,
  type TestServiceOptions,
} from "../../support/context.ts";
import { withMethods } from "../../support/methods.ts";

const BYTES = new Uint8Array(4);
const LAYOUTS = [{ name: "old", template: "old/{project}/**" }];

const services: TestService[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
});

/** A service with a project of three files; its jobs are run by the test itself. */
async function service(options: TestServiceOptions = {}): Promise<TestService & { uid: string }> {
  const made = await makeService({ work: false, pauseMaxMs: 1, layouts: LAYOUTS, ...options });
  services.push(made);
  const { id, uid } = await made.services.projects.create(ADMIN, { id: "p1" });
  for (const path of ["a", "b", "c"]) await putText(made, id, path, path);
  return { ...made, uid };
}

/** Runs an audit to its end; `before` happens when its plan is complete, before anything is mended. */
async function mended(
  { context, services: all }: TestService,
  fix: NonNullable<NewAudit["fix"]>,
  before: () => Promise<unknown> = () => Promise.resolve(),
): Promise<{ readonly audit: Audit; readonly findings: readonly FindingView[] }> {
  const { id } = await all.audits.start(ADMIN, { minAgeMs: 0, fix });
  let isPlanned = false;
  const { metadata } = context;
  const planned = {
    ...context,
    metadata: withMethods(metadata, {
      listFindings: async (...args: Parameters<typeof metadata.listFindings>) => {
        if (!isPlanned) await before();
        isPlanned = true;
        return await metadata.listFindings(...args);
      },
    }),
  };
  await runAudit(planned, id, new AbortController().signal);
  const findings: FindingView[] = [];
  for await (const finding of all.audits.findings(ADMIN, id)) findings.push(finding);
  return { audit: await all.audits.get(ADMIN, id), findings };
}

function outcomesOf(findings: readonly FindingView[]): readonly unknown[] {
  return findings.map(({ kind, outcome, code }) => [kind, outcome, code]);
}

describe("mending orphans", () => {
  it("removes what the plan names below the canonical prefix, verified, and nothing else", async () => {
    const one = await service();
    const orphan = canonicalKey(one.uid, newUid());
    const others = ["foreign", "old/p1/a", canonicalKey(newUid(), newUid())];
    for (const key of [orphan, ...others]) await one.objects.put(key, BYTES);
    const [row] = await one.metadata.listStoredFiles({ limit: 1 });
    await one.objects.remove([row?.key ?? ""]);
    const uploadId = await one.objects.createUpload("x", "text/plain");
    const { audit, findings } = await mended(one, "orphans");
    const seen = new Map(findings.map(({ key, outcome, code }) => [key, [outcome, code]]));
    expect(seen.get(orphan)).toEqual(["fixed", null]);
    expect(seen.get("x")).toEqual(["fixed", null]);
    expect(seen.get("old/p1/a")).toEqual(["spared", "legacy-layout"]);
    expect(seen.get(others[2] ?? "")).toEqual(["spared", "no-such-project"]);
    expect(seen.get("foreign")).toEqual([null, null]);
    expect(seen.get(row?.key ?? "")).toEqual([null, null]);
    expect(audit.progress.fixes).toEqual({ fixed: 2, spared: 2, failed: 0 });
    const { objects, uploads } = one.objects.snapshot();
    expect(objects.has(orphan)).toBe(false);
    expect(uploads.has(uploadId)).toBe(false);
    expect(others.every((key) => objects.has(key))).toBe(true);
    expect((await one.metadata.listStoredFiles({ limit: 9 })).length).toBe(3);
  });

  it("touches no key that was written, named or given to a deletion since the plan", async () => {
    const one = await service();
    const [changed, gone] = [canonicalKey(one.uid, newUid()), canonicalKey(one.uid, newUid())];
    const named = canonicalKey(one.uid, newUid());
    for (const key of [changed, gone, named]) await one.objects.put(key, BYTES);
    const uploadId = await one.objects.createUpload("x", "text/plain");
    const open = {
      projectUid: one.uid,
      path: "new",
      sizeBytes: 4,
      partSizeBytes: 9,
      contentType: "text/plain",
      metadata: {},
      direct: true,
      expiresInMs: 60_000,
    };
    const { audit, findings } = await mended(one, "orphans", async () => {
      await one.objects.put(changed, new Uint8Array(5));
      await one.objects.remove([gone]);
      const fileUid = newUid();
      await one.metadata.openUpload({
        ...open,
        id: newUid(),
        fileUid,
        key: named,
        storeUploadId: uploadId,
      });
    });
    expect(outcomesOf(findings)).toEqual([
      ["orphan", "spared", "changed"],
      ["orphan", "fixed", "gone"],
      ["orphan", "spared", "named"],
      ["stale-upload", "spared", "named"],
    ]);
    expect(audit.progress.fixes).toEqual({ fixed: 1, spared: 3, failed: 0 });
    expect(one.objects.snapshot().objects.has(named)).toBe(true);
  });

  it("leaves a project to its deletion that began since the plan", async () => {
    const one = await service();
    await one.objects.put(canonicalKey(one.uid, newUid()), BYTES);
    const { findings } = await mended(one, "orphans", async () => {
      const { id } = await one.services.deletions.request(ADMIN, "p1", {});
      const claim = await one.metadata.claimDeletion(id, 60_000);
      await one.metadata.advance(id, claim?.token ?? 0, "purge-began");
    });
    expect(outcomesOf(findings)).toEqual([["orphan", "spared", "deleting"]]);
  });

  it("says of each key that the store refuses why it stays", async () => {
    const one = await service();
    await one.objects.put(canonicalKey(one.uid, newUid()), BYTES);
    one.objects.failures.refuse = () => ({
      result: "blocked",
      retryable: false,
      code: "object-locked",
      message: "locked",
    });
    const { audit, findings } = await mended(one, "orphans");
    expect(outcomesOf(findings)).toEqual([["orphan", "failed", "object-locked"]]);
    expect(audit.progress.fixes.failed).toBe(1);
  });

  it("calls nothing removed that a listing shows still", async () => {
    const one = await service({
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          remove: async (keys) => keys.map((key) => ({ key, result: "gone" as const })),
          abortUpload: () => Promise.resolve(),
        }),
    });
    await one.objects.put(canonicalKey(one.uid, newUid()), BYTES);
    await one.objects.createUpload("x", "text/plain");
    expect(outcomesOf((await mended(one, "orphans")).findings)).toEqual([
      ["orphan", "failed", "reappeared"],
      ["stale-upload", "failed", "reappeared"],
    ]);
  });

  it("calls an upload ended whose abort took effect although the reply was lost", async () => {
    const one = await service({
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          // As it looks when the request is repeated: the store does not know the upload any more.
          abortUpload: async (key, uploadId) => {
            await store.abortUpload(key, uploadId);
            await store.abortUpload(key, uploadId);
          },
        }),
    });
    await one.objects.createUpload("x", "text/plain");
    const { findings } = await mended(one, "orphans");
    expect(outcomesOf(findings)).toEqual([["stale-upload", "fixed", null]]);
  });

  it("mends nothing where the audit could not judge everything", async () => {
    const denied = new StoreError("access-denied", "blocked", "no");
    const one = await service({
      wrap: (store) =>
        withMethods<ObjectStore>(store, { listUploads: () => Promise.reject(denied) }),
    });
    const key = canonicalKey(one.uid, newUid());
    await one.objects.put(key, BYTES);
    const { audit, findings } = await mended(one, "orphans");
    expect(isComplete(audit.progress)).toBe(false);
    expect(outcomesOf(findings)).toEqual([["orphan", null, null]]);
    expect(one.objects.snapshot().objects.has(key)).toBe(true);
  });

  it("removes exactly the planned ones while uploads go on", async () => {
    const one = await service();
    const planned = Array.from({ length: 20 }, () => canonicalKey(one.uid, newUid()));
    for (const key of planned) await one.objects.put(key, BYTES);
    const ending = new AbortController();
    const stored: string[] = [];
    const writers = [0, 1, 2].map(async (writer) => {
      for (let i = 0; !ending.signal.aborted || i < 5; i++) {
        const path = `${writer}/${i}`;
        await putText(one, "p1", path, path);
        stored.push(path);
      }
    });
    const { audit } = await mended(one, "orphans");
    ending.abort();
    await Promise.all(writers);
    expect(audit.progress.counts.orphans).toBe(planned.length);
    expect(audit.progress.fixes).toEqual({ fixed: planned.length, spared: 0, failed: 0 });
    const { objects } = one.objects.snapshot();
    expect(planned.some((key) => objects.has(key))).toBe(false);
    for (const path of stored) {
      const file = await one.metadata.findFile(one.uid, path);
      expect(objects.has(file?.key ?? ""), path).toBe(true);
    }
  });
});

describe("mending dangling rows", () => {
  async function dangling(
    options: TestServiceOptions = {},
  ): Promise<TestService & { readonly uid: string; readonly path: string; readonly key: string }> {
    const one = await service(options);
    const [row] = await one.metadata.listStoredFiles({ limit: 1 });
    const { key = "", path = "", updatedAt = 0 } = row ?? {};
    await one.objects.remove([key]);
    // A row that changes within the millisecond of its making does not show it.
    while ((await one.metadata.now()) <= updatedAt) await setImmediate();
    return { ...one, path, key };
  }

  it("removes the row as if the file was deleted, and counts it", async () => {
    const one = await dangling();
    await one.objects.put(canonicalKey(one.uid, newUid()), BYTES);
    const { findings } = await mended(one, "dangling");
    expect(new Set(outcomesOf(findings))).toEqual(
      new Set([
        ["dangling", "fixed", null],
        ["orphan", null, null],
      ]),
    );
    expect(await one.metadata.findFile(one.uid, one.path)).toBeNull();
    expect(await one.metadata.findProject("p1")).toMatchObject({ fileCount: 2 });
    expect(await one.metadata.findRemovals([one.key])).toHaveLength(1);
  });

  it("spares a row whose object is back, or that is another one by now", async () => {
    const back = await dangling();
    const returned = await mended(back, "dangling", () => back.objects.put(back.key, BYTES));
    expect(outcomesOf(returned.findings)).toEqual([["dangling", "spared", "changed"]]);
    const moved = await dangling();
    const other = await mended(moved, "dangling", () =>
      moved.metadata.moveFile(moved.uid, moved.path, "elsewhere"),
    );
    expect(outcomesOf(other.findings)).toEqual([["dangling", "spared", "changed"]]);
    const gone = await dangling();
    const dropped = await mended(gone, "dangling", () =>
      gone.metadata.removeFile(gone.uid, gone.path),
    );
    expect(outcomesOf(dropped.findings)).toEqual([["dangling", "fixed", "gone"]]);
  });

  it("spares a row whose object is only hidden, in a store that keeps versions", async () => {
    const one = await dangling({ store: { versioning: "enabled" } });
    const { findings } = await mended(one, "dangling");
    expect(outcomesOf(findings)).toEqual([["dangling", "spared", "versions"]]);
  });

  it("leaves the rows of a held project, and says why", async () => {
    const one = await dangling();
    await one.metadata.placeHold(one.uid, "a case");
    const { findings } = await mended(one, "dangling");
    expect(outcomesOf(findings)).toEqual([["dangling", "failed", "project-held"]]);
  });

  it("concludes nothing where the store does not say whether the object is there", async () => {
    let isDenied = false;
    const denied = new StoreError("access-denied", "blocked", "no");
    const one = await dangling({
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          head: (key) => (isDenied ? Promise.reject(denied) : store.head(key)),
        }),
    });
    const { findings } = await mended(one, "dangling", async () => {
      isDenied = true;
    });
    expect(outcomesOf(findings)).toEqual([["dangling", "failed", "access-denied"]]);
  });
});

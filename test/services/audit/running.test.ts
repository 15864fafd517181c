import { afterEach, describe, expect, it } from "vitest";
import { type Audit, isComplete } from "../../../src/core/audit.ts";
import { canonicalKey } from "../../../src/core/keys.ts";
import { LIMITS } from "../../../src/core/limits.ts";
import { StoreError } from "../../../src/core/store-errors.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import type { FindingView, NewAudit } from "../../../src/services/audit/audits.ts";
import { runAudit } from "../../../src/services/audit/run.ts";
import { newUid } from "../../contract/metadata/fixture.ts";
import { ADMIN, makeService, putText, type TestService } from "../../support/context.ts";
import { withLimit } from "../../support/limits.ts";
import { withMethods } from "../../support/methods.ts";

const services: TestService[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
});

/** A service with one project that has three files; jobs are run by the test itself. */
async function service(wrap?: (store: ObjectStore) => ObjectStore): Promise<{
  readonly service: TestService;
  readonly uid: string;
}> {
  const made = await makeService({ work: false, pauseMaxMs: 1, ...(wrap ? { wrap } : {}) });
  services.push(made);
  const { id, uid } = await made.services.projects.create(ADMIN, {});
  for (const path of ["a", "b", "c"]) await putText(made, id, path, path);
  return { service: made, uid };
}

async function audited(
  { context, services: all }: TestService,
  input: NewAudit = {},
): Promise<Audit> {
  const { id } = await all.audits.start(ADMIN, { minAgeMs: 0, ...input });
  await runAudit(context, id, new AbortController().signal);
  return await all.audits.get(ADMIN, id);
}

async function findingsOf(
  { services: all }: TestService,
  id: string,
): Promise<readonly FindingView[]> {
  const findings: FindingView[] = [];
  for await (const finding of all.audits.findings(ADMIN, id)) findings.push(finding);
  return findings;
}

async function kindsOf(one: TestService, { id }: Audit): Promise<readonly string[]> {
  return (await findingsOf(one, id)).map(({ kind }) => kind);
}

const BYTES = new Uint8Array(4);

describe("an audit", () => {
  it("finds nothing where store and rows agree, and says that it has seen everything", async () => {
    const one = await service();
    const audit = await audited(one.service);
    expect(audit.completedAt).not.toBeNull();
    expect(isComplete(audit.progress)).toBe(true);
    expect(audit.progress.counts).toMatchObject({ objects: 3, rows: 3, orphans: 0, dangling: 0 });
    expect(await kindsOf(one.service, audit)).toEqual([]);
  });

  it("judges nothing younger than an hour where nothing is said", async () => {
    const one = await service();
    await one.service.objects.put("strange", BYTES);
    const { id } = await one.service.services.audits.start(ADMIN, {});
    await runAudit(one.service.context, id, new AbortController().signal);
    const audit = await one.service.services.audits.get(ADMIN, id);
    expect(audit).toMatchObject({ minAgeMs: 3_600_000, fix: "none" });
    expect(audit.progress.counts).toMatchObject({ foreign: 0, young: 1 });
    expect(isComplete(audit.progress)).toBe(true);
  });

  it("tells the path of a file whose object is missing", async () => {
    const one = await service();
    const [row] = await one.service.metadata.listStoredFiles({ limit: 1 });
    await one.service.objects.remove([row?.key ?? ""]);
    const { id } = await audited(one.service);
    expect(await findingsOf(one.service, id)).toMatchObject([
      { kind: "dangling", key: row?.key, path: row?.path },
    ]);
  });

  it("finds uploads that no row stands for, and leaves those that are under way", async () => {
    const one = await service();
    const { services: all, objects, metadata } = one.service;
    const [row] = await metadata.listStoredFiles({ limit: 1 });
    const project = await metadata.findProjectByUid(row?.projectUid ?? "");
    const input = { path: "d", sizeBytes: 9, contentType: "text/plain", metadata: {} };
    await all.uploads.open(ADMIN, project?.id ?? "", input);
    const key = canonicalKey(one.uid, newUid());
    const uploadId = await objects.createUpload(key, "text/plain");
    const audit = await audited(one.service);
    expect(await findingsOf(one.service, audit.id)).toMatchObject([
      { kind: "stale-upload", key, uploadId, projectUid: one.uid },
    ]);
    expect(audit.progress.counts.staleUploads).toBe(1);
  });

  it("ends as not complete where uploads cannot be listed, and judges the objects all the same", async () => {
    const denied = new StoreError("access-denied", "blocked", "no");
    const one = await service((store) =>
      withMethods<ObjectStore>(store, { listUploads: () => Promise.reject(denied) }),
    );
    await one.service.objects.put("strange", BYTES);
    const audit = await audited(one.service);
    expect(isComplete(audit.progress)).toBe(false);
    expect(audit.progress.unjudged).toEqual([
      { surface: "uploads", code: "access-denied", message: "no" },
    ]);
    expect(await kindsOf(one.service, audit)).toEqual(["foreign"]);
  });

  it("judges no uploads where the operator has declared that the store lists none", async () => {
    const one = await service((store) =>
      withMethods<ObjectStore>(store, {
        capabilities: async () => ({
          ...(await store.capabilities()),
          declaredLacking: ["multipart-listing"],
        }),
      }),
    );
    await one.service.objects.createUpload("strange", "text/plain");
    const audit = await audited(one.service);
    expect(isComplete(audit.progress)).toBe(true);
    expect(await kindsOf(one.service, audit)).toEqual([]);
  });

  it("ends as not complete where an upload cannot be looked at again", async () => {
    const denied = new StoreError("access-denied", "blocked", "no");
    const one = await service((store) =>
      withMethods<ObjectStore>(store, { listParts: () => Promise.reject(denied) }),
    );
    await one.service.objects.createUpload("strange", "text/plain");
    const audit = await audited(one.service);
    expect(audit.progress.counts).toMatchObject({ staleUploads: 0, unknown: 1 });
    expect(isComplete(audit.progress)).toBe(false);
  });

  it("goes on where a dead process left it, and counts nothing twice", async () => {
    let lists = 0;
    const one = await service((store) =>
      withMethods<ObjectStore>(store, {
        list: (prefix, options) => {
          lists++;
          return store.list(prefix, options);
        },
      }),
    );
    for (let i = 0; i < 6; i++) await one.service.objects.put(`strange/${i}`, BYTES);
    const { id } = await one.service.services.audits.start(ADMIN, { minAgeMs: 0 });
    const { metadata } = one.service;
    let writes = 0;
    const dying = {
      ...one.service.context,
      metadata: withMethods(metadata, {
        recordAudit: async (...args: Parameters<typeof metadata.recordAudit>) => {
          if (++writes === 4) throw new Error("the process died");
          return await metadata.recordAudit(...args);
        },
      }),
    };
    await withLimit("auditStretchKeys", 2, async () => {
      await expect(runAudit(dying, id, new AbortController().signal)).rejects.toThrow("died");
      const half = await one.service.services.audits.get(ADMIN, id);
      expect(half.progress.counts).toMatchObject({ objects: 4, foreign: 1 });
      expect(lists).toBeGreaterThan(0);
      await runAudit(one.service.context, id, new AbortController().signal);
    });
    const audit = await one.service.services.audits.get(ADMIN, id);
    expect(audit.attempts).toBe(2);
    expect(audit.progress.counts).toMatchObject({ objects: 9, rows: 3, foreign: 6 });
    expect(await kindsOf(one.service, audit)).toHaveLength(6);
  });

  it("looks for uploads from the start where a process died among them", async () => {
    const one = await service();
    for (let i = 0; i < 2; i++) await one.service.objects.createUpload(`s/${i}`, "text/plain");
    const { id } = await one.service.services.audits.start(ADMIN, { minAgeMs: 0 });
    const { metadata } = one.service;
    const dying = {
      ...one.service.context,
      metadata: withMethods(metadata, {
        recordAudit: async (...args: Parameters<typeof metadata.recordAudit>) => {
          if (args[2].progress.areUploadsListed) throw new Error("the process died");
          return await metadata.recordAudit(...args);
        },
      }),
    };
    await expect(runAudit(dying, id, new AbortController().signal)).rejects.toThrow("died");
    await runAudit(one.service.context, id, new AbortController().signal);
    const audit = await one.service.services.audits.get(ADMIN, id);
    expect(audit.progress.counts.staleUploads).toBe(2);
    expect(await kindsOf(one.service, audit)).toHaveLength(2);
  });

  it("stops at once where another worker has taken it over", async () => {
    const one = await service();
    const { metadata, context } = one.service;
    const { id } = await one.service.services.audits.start(ADMIN, { minAgeMs: 0 });
    const taken = {
      ...context,
      metadata: withMethods(metadata, {
        recordAudit: async (...args: Parameters<typeof metadata.recordAudit>) => {
          await metadata.releaseAudit(id, args[1]);
          await metadata.claimAudit(id, LIMITS.leaseMs);
          return await metadata.recordAudit(...args);
        },
      }),
    };
    await runAudit(taken, id, new AbortController().signal);
    expect((await one.service.services.audits.get(ADMIN, id)).completedAt).toBeNull();
    await runAudit(context, id, new AbortController().signal);
    expect((await one.service.services.audits.get(ADMIN, id)).attempts).toBe(2);
  });

  it("is ended as it stands after too many runs that broke off", async () => {
    const one = await service();
    const audit = await withLimit("auditAttemptsMax", 0, () => audited(one.service));
    expect(audit.completedAt).not.toBeNull();
    expect(audit.progress.unjudged).toMatchObject([{ surface: "objects", code: "internal" }]);
  });

  it("is carried out by the job that its request wakes", async () => {
    const made = await makeService({ pauseMaxMs: 1 });
    services.push(made);
    const { id } = await made.services.audits.start(ADMIN, { minAgeMs: 0 });
    await expect
      .poll(async () => (await made.services.audits.get(ADMIN, id)).completedAt)
      .not.toBeNull();
    expect(await made.metadata.dueAudits(1)).toEqual([]);
  });

  it("is an administrator's to begin and to read, and unknown under another id", async () => {
    const one = await service();
    const { audits } = one.service.services;
    const user = { subject: "user", rights: new Set(["projects:read"] as const) };
    await expect(audits.start(user, {})).rejects.toMatchObject({ code: "forbidden" });
    await expect(audits.get(user, "AUDIT-x")).rejects.toMatchObject({ code: "forbidden" });
    await expect(audits.get(ADMIN, "AUDIT-x")).rejects.toMatchObject({ code: "audit-not-found" });
  });
});

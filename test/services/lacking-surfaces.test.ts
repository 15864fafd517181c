import { afterEach, describe, expect, it } from "vitest";
import { limitedStore } from "../../src/adapters/limited-store.ts";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import type { Lack } from "../../src/core/store-lacks.ts";
import { examineStore } from "../../src/services/doctor/store.ts";
import { makePlan } from "../../src/services/plan.ts";
import { sweepPrefix } from "../../src/services/sweep.ts";
import { ADMIN, makeService, putText } from "../support/context.ts";
import { refuse, refuseBare, refuseWith } from "../wire/fault-kinds.ts";
import type { Fault } from "../wire/fault.ts";
import type { Operation } from "../wire/operations.ts";
import { WireServer } from "../wire/server.ts";

const WAIT_MS = 20_000;
const FILES = 3;

const closings: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

/** Ways in which a store says that it has no such call. */
const MISSING: readonly (() => Fault)[] = [
  () => refuseWith("NotImplemented"),
  () => refuseBare(501),
  () => refuse(405, "MethodNotAllowed"),
];

interface Setting {
  readonly without?: readonly Lack[];
  /** What is answered in the place of which listing. */
  readonly missing: Readonly<Partial<Record<Operation, Fault>>>;
  readonly isVersioned?: boolean;
}

/** A project with files on a store that lacks listings, and what knows whether it does. */
async function start({ without = [], missing, isVersioned = false }: Setting) {
  const server = await WireServer.start();
  const bucket = server.makeBucket("files", isVersioned ? { versioning: "enabled" } : {});
  const { endpoint, region, credentials } = server;
  const clock = new SystemClock();
  const place = { bucket: "files", endpoint, region, ...credentials, clock };
  const s3 = new S3ObjectStore({ ...place, without });
  const service = await makeService({ wrap: () => limitedStore(s3), pauseMaxMs: 5 });
  closings.push(async () => {
    await service.stop();
    s3.close();
    await server.stop();
  });
  const { uid } = await service.services.projects.create(ADMIN, { id: "p1" });
  for (let i = 0; i < FILES; i++) await putText(service, "p1", `${i}.txt`, "text");
  for (const [operation, fault] of Object.entries(missing)) {
    server.faults.plan({ operation: operation as Operation }, fault);
  }
  const remove = async () => {
    const { deletions } = service.services;
    return await deletions.wait(await deletions.request(ADMIN, "p1", {}), WAIT_MS);
  };
  const left = (): number =>
    bucket.store.snapshot().versions.filter(({ key }) => key.startsWith("projects/")).length;
  return { server, service, s3, uid, remove, left };
}

describe("a store that cannot list incomplete uploads", () => {
  it.each(MISSING.map((make) => [make().name, make] as const))(
    "blocks a deletion as unknown, whatever it says (%s)",
    async (_name, make) => {
      const { service, s3, uid, remove } = await start({
        missing: { ListMultipartUploads: make() },
      });
      expect(await s3.capabilities({ fresh: true })).toMatchObject({
        multipartListing: false,
        declaredLacking: [],
      });
      const deletion = await remove();
      expect(deletion.blocked).toMatchObject({ code: "not-supported" });
      const residue = await service.services.deletions.residue(ADMIN, deletion.id, 10);
      expect(residue.map(({ surface, outcome }) => [surface, outcome])).toEqual([
        ["multipart", "unknown"],
      ]);
      expect(await service.metadata.findReceipt(uid)).toBeNull();
    },
  );

  it("is not asked where it is declared so, ends what expunge opened, and the receipt says so", async () => {
    const { server, service, uid, remove, left } = await start({
      without: ["multipart-listing"],
      missing: { ListMultipartUploads: refuseWith("NotImplemented") },
    });
    const input = { path: "a", sizeBytes: 5, contentType: "x/y", metadata: {} };
    await service.services.uploads.open(ADMIN, "p1", input);
    const plan = await makePlan(service.context, { id: "p1", uid });
    expect(plan.objects).toBe(FILES);
    const asked = server.requests.ListMultipartUploads;
    expect(await remove()).toMatchObject({ state: "completed" });
    expect(server.requests.ListMultipartUploads).toBe(asked);
    expect(server.bucket("files").store.snapshot().uploads.size).toBe(0);
    expect(left()).toBe(0);
    const { payload } = await service.services.receipts.get(ADMIN, uid);
    expect(payload.capabilities).toMatchObject({
      multipartListing: false,
      declaredLacking: "multipart-listing",
    });
    expect(payload.sweeps.map(({ surface }) => surface)).not.toContain("multipart");
    expect(payload.notCovered.join()).toContain("declared to list none");
    const swept = await sweepPrefix(service.context, {
      prefix: "else/",
      includeExpunge: false,
      dryRun: false,
    });
    expect(swept.verified).toBe(true);
  });
});

describe("a store that cannot list versions", () => {
  const missing = {
    GetBucketVersioning: refuseWith("AccessDenied"),
    ListObjectVersions: refuseWith("AccessDenied"),
  };

  it("blocks a deletion while it does not say that it keeps none", async () => {
    const { service, uid, remove } = await start({ missing });
    expect((await remove()).blocked).toMatchObject({ code: "access-denied" });
    expect(await service.metadata.findReceipt(uid)).toBeNull();
  });

  it("is not asked where it is declared so, and the receipt says so", async () => {
    const { server, service, uid, remove, left } = await start({
      without: ["version-listing"],
      missing,
    });
    expect(await remove()).toMatchObject({ state: "completed" });
    expect(server.requests.ListObjectVersions).toBe(0);
    expect(left()).toBe(0);
    const { payload } = await service.services.receipts.get(ADMIN, uid);
    expect(payload.capabilities).toMatchObject({ declaredLacking: "version-listing" });
    expect(payload.notCovered.join()).toContain("earlier versions");
  });

  it("is believed where it says that it keeps versions, whatever is declared", async () => {
    const { service, uid, remove } = await start({
      without: ["version-listing"],
      missing: { ListObjectVersions: refuseWith("NotImplemented") },
      isVersioned: true,
    });
    expect((await remove()).blocked).toMatchObject({ code: "not-supported" });
    expect(await service.metadata.findReceipt(uid)).toBeNull();
  });
});

describe("the doctor of such a store", () => {
  const shown = async (setting: Setting) => {
    const { service } = await start(setting);
    const checks = await examineStore(service.context);
    return new Map(checks.map((check) => [check.name, check]));
  };

  it("says what is missing and what to do, and what is declared to be missing", async () => {
    const missing = { ListMultipartUploads: refuseWith("NotImplemented") };
    const found = (await shown({ missing })).get("store-uploads-listing");
    expect(found?.ok).toBe(false);
    expect(found?.remedy).toContain("EXPUNGE_S3_WITHOUT=multipart-listing");
    const declared = await shown({ missing, without: ["multipart-listing"] });
    expect(declared.get("store-uploads-listing")).toMatchObject({ ok: null, remedy: null });
    expect(declared.get("store-uploads-listing")?.detail).toContain("declared");
    expect(declared.get("store-multipart")?.ok).toBe(true);
    expect(declared.get("store-left-clean")?.ok).toBe(true);
  });
});

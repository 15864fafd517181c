import { afterEach, describe, expect, it } from "vitest";
import { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { Check } from "../../src/services/doctor/checks.ts";
import { examineStore } from "../../src/services/doctor/store.ts";
import { withMethods } from "../support/methods.ts";
import { dialectOf } from "../wire/dialects.ts";
import { WireServer } from "../wire/server.ts";

const ports = { clock: new SystemClock(), random: new SystemRandom() };
const MANNERS = [
  "store-order",
  "store-key-form",
  "store-abort-race",
  "store-checksum",
  "store-uploads-listing",
  "store-versions",
  "store-lock",
];

const closings: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

async function checksOf(store: ObjectStore): Promise<ReadonlyMap<string, Check>> {
  const checks = await examineStore({ ...ports, store });
  return new Map(checks.map((check) => [check.name, check]));
}

function memory(): MemoryObjectStore {
  return new MemoryObjectStore(ports.clock, { random: ports.random });
}

describe("what the doctor shows of a store's manners", () => {
  it.each([
    ["aws", "aws"],
    ["r2", "r2"],
    ["ceph", "other"],
  ] as const)("is well on a store like %s, and leaves nothing there", async (name, provider) => {
    const normalisesKeys = name === "r2";
    const server = await WireServer.start({ dialect: dialectOf(name, { normalisesKeys }) });
    const bucket = server.makeBucket("files");
    const { endpoint, region, credentials } = server;
    const place = { bucket: "files", endpoint, region, ...credentials, clock: ports.clock };
    const s3 = new S3ObjectStore({ ...place, provider });
    closings.push(async () => {
      s3.close();
      await server.stop();
    });
    const checks = await checksOf(s3);
    for (const manner of MANNERS) {
      expect(checks.get(manner)?.ok, manner).not.toBe(false);
      expect(checks.get(manner)?.detail, manner).not.toBe("");
    }
    expect(checks.get("store-left-clean")?.ok).toBe(true);
    const { objects, uploads } = bucket.store.snapshot();
    expect([objects.size, uploads.size]).toEqual([0, 0]);
  });

  it("is wrong where listings are in another order, and says what to do", async () => {
    const inner = memory();
    const store = withMethods<ObjectStore>(inner, {
      list: async (prefix, options) => {
        const page = await inner.list(prefix, options);
        return { ...page, entries: page.entries.toReversed() };
      },
    });
    const check = (await checksOf(store)).get("store-order");
    expect(check).toMatchObject({ ok: false });
    expect(check?.remedy).toContain("UTF-8");
  });

  it("is wrong where a key comes back in another form than the store is known for", async () => {
    const inner = memory();
    const store = withMethods<ObjectStore>(inner, {
      put: (key, bytes) => inner.put(key.normalize("NFC"), bytes),
    });
    const check = (await checksOf(store)).get("store-key-form");
    expect(check).toMatchObject({ ok: false });
    expect(check?.remedy).toContain("keys");
  });

  it("is wrong where an object appears once its abort has been answered", async () => {
    const inner = memory();
    const abort = inner.abortUpload.bind(inner);
    const opened = new Map<string, () => Promise<void>>();
    const store = withMethods<ObjectStore>(inner, {
      completeUpload: async (key, uploadId, parts) => {
        if (!key.includes("/race/")) return await inner.completeUpload(key, uploadId, parts);
        const done = Promise.withResolvers<void>();
        opened.set(uploadId, async () => done.resolve());
        await done.promise;
        return await inner.completeUpload(key, uploadId, parts);
      },
      abortUpload: async (key, uploadId) => {
        const completes = opened.get(uploadId);
        if (completes) setImmediate(() => void completes());
        else await abort(key, uploadId);
      },
    });
    const check = (await checksOf(store)).get("store-abort-race");
    expect(check).toMatchObject({ ok: false });
    expect(check?.detail).toContain("appeared");
    expect(check?.remedy).toContain("fenced");
  });
});

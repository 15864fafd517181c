import { describe, expect, it } from "vitest";
import { limitedStore } from "../../src/adapters/limited-store.ts";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { canonicalPrefix } from "../../src/core/keys.ts";
import type { Deletion } from "../../src/core/model.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { ADMIN, makeService, putText, type TestService } from "../support/context.ts";
import type { Bucket } from "../wire/bucket.ts";
import { entryErrors } from "../wire/fault-kinds.ts";
import { WireServer } from "../wire/server.ts";
import { type FaultMix, plantFaults } from "./wire-faults.ts";

const FILES = 40;
const SIBLING_FILES = 6;
const HANG_MS = 300;
const WAIT_MS = 45_000;
const SEEDS = Array.from({ length: 30 }, (_, i) => i + 1);

/** A store that is given up soon while faults hang, and patient else: the machine may be busy. */
class HastyStore {
  isHasty = false;
  readonly store: ObjectStore;
  readonly #stores: readonly S3ObjectStore[];

  constructor({ endpoint, region, credentials }: WireServer, bucket: string) {
    const place = { bucket, endpoint, region, ...credentials, clock: new SystemClock() };
    const timeouts = { callMs: HANG_MS, longCallMs: HANG_MS, idleMs: HANG_MS };
    const patient = new S3ObjectStore(place);
    const hasty = new S3ObjectStore({ ...place, timeouts });
    this.#stores = [patient, hasty];
    this.store = new Proxy(patient, {
      get: (_, name) => {
        const target = this.isHasty ? hasty : patient;
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  }

  close(): void {
    for (const store of this.#stores) store.close();
  }
}

/** The service on the S3 adapter, on a server of its own. */
class World implements AsyncDisposable {
  readonly server: WireServer;
  readonly bucket: Bucket;
  readonly service: TestService;
  readonly #store: HastyStore;

  private constructor(server: WireServer, bucket: Bucket, store: HastyStore, service: TestService) {
    this.server = server;
    this.bucket = bucket;
    this.#store = store;
    this.service = service;
  }

  static async start(seed: number, versioned: boolean): Promise<World> {
    const server = await WireServer.start({ seed });
    // Several pages of each listing, so that there is more to go wrong.
    const pages = { pageKeys: 7, emptyPages: seed % 5 === 0 };
    const versioning = versioned ? ({ versioning: "enabled" } as const) : {};
    const bucket = server.makeBucket("files", { ...pages, ...versioning });
    const store = new HastyStore(server, "files");
    const service = await makeService({ wrap: () => limitedStore(store.store) });
    return new World(server, bucket, store, service);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service.stop();
    this.#store.close();
    await this.server.stop();
  }

  /** Lets everything go wrong. */
  plant(seed: number): FaultMix {
    this.#store.isHasty = true;
    const mix = plantFaults(this.server, seed);
    return {
      heal: async () => {
        this.#store.isHasty = false;
        await mix.heal();
      },
    };
  }

  async project(id: string, files: number): Promise<string> {
    const { uid } = await this.service.services.projects.create(ADMIN, { id });
    const puts = Array.from({ length: files }, (_, i) =>
      putText(this.service, id, `file ${i}.txt`, `${id} holds ${i}`),
    );
    await Promise.all(puts);
    return uid;
  }

  /** Objects, versions and uploads below a prefix, by names that tell them apart. */
  below(prefix: string): {
    objects: string[];
    versions: string[];
    parts: string[];
    uploads: string[];
  } {
    const { objects, versions, uploads } = this.bucket.store.snapshot();
    const own = [...uploads].filter(([, { key }]) => key.startsWith(prefix));
    return {
      objects: [...objects]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, bytes]) => `${key} ${Buffer.from(bytes).toString()}`),
      versions: versions
        .filter(({ key }) => key.startsWith(prefix))
        .map(({ key, versionId }) => `${key} ${versionId}`),
      uploads: own.map(([id]) => id),
      parts: own.flatMap(([id, { parts }]) => [...parts.keys()].map((part) => `${id} ${part}`)),
    };
  }

  /** Whatever else goes on, the transaction that issues the receipt must find nothing left (I3). */
  watchReceipts(prefix: string): { issued: number } {
    const seen = { issued: 0 };
    const { metadata } = this.service;
    const complete = metadata.completeDeletion.bind(metadata);
    metadata.completeDeletion = async (...args) => {
      const before = this.below(prefix);
      const deletion = await complete(...args);
      seen.issued++;
      expect([before.objects, before.versions, before.parts]).toEqual([[], [], []]);
      return deletion;
    };
    return seen;
  }

  async request(id: string): Promise<Deletion> {
    return await this.service.services.deletions.request(ADMIN, id, {});
  }

  async wait(deletion: Deletion): Promise<Deletion> {
    return await this.service.services.deletions.wait(deletion, WAIT_MS);
  }

  /** Completed, or blocked with the reason and what is left of the project (I5). */
  async expectEnded(deletion: Deletion, prefix: string): Promise<void> {
    if (deletion.state === "completed") return;
    expect(deletion.blocked).not.toBeNull();
    expect(deletion.blocked?.code).toMatch(/^[a-z-]+$/);
    for await (const { key } of this.service.services.deletions.allResidue(ADMIN, deletion.id)) {
      expect(key === "" || key.startsWith(prefix), key).toBe(true);
    }
    expect(await this.service.metadata.findReceipt(deletion.projectUid)).toBeNull();
  }

  /** Tries again by hand until it is completed, once nothing goes wrong any more (I9). */
  async complete(deletion: Deletion): Promise<Deletion> {
    let latest = deletion;
    for (let i = 0; i < 3 && latest.state !== "completed"; i++) {
      latest = await this.wait(await this.service.services.deletions.retry(ADMIN, latest.id));
    }
    return latest;
  }
}

describe("a deletion on a store that goes wrong in every way", () => {
  it.concurrent.for(SEEDS)(
    "ends with one exact receipt or blocked, and never touches a sibling (seed %i)",
    { timeout: 120_000 },
    async (seed) => {
      await using world = await World.start(seed, seed % 3 === 0);
      const uid = await world.project("p1", FILES);
      const prefix = canonicalPrefix(uid);
      const sibling = canonicalPrefix(await world.project("p10", SIBLING_FILES));
      const strays = seed % 4;
      for (let i = 0; i < strays; i++) {
        await world.bucket.store.createUpload(`${prefix}stray ${i}`, "text/plain");
      }
      const before = world.below(prefix);
      const siblings = world.below(sibling);
      expect([before.versions.length, siblings.objects.length]).toEqual([FILES, SIBLING_FILES]);
      const receipts = world.watchReceipts(prefix);
      const mix = world.plant(seed);
      const ended = await world.wait(await world.request("p1"));
      await world.expectEnded(ended, prefix);
      expect(world.server.log.some(({ fault }) => fault !== null)).toBe(true);
      await mix.heal();
      const completed = await world.complete(ended);
      expect(completed.state).toBe("completed");
      expect(receipts.issued).toBe(1);
      const { payload } = await world.service.services.receipts.get(ADMIN, uid);
      expect(payload.totals).toMatchObject({ deleted: FILES + strays, absent: 0 });
      expect(payload.merkle.leaves).toBe(FILES + strays);
      expect(world.below(prefix)).toEqual({ objects: [], versions: [], parts: [], uploads: [] });
      expect(world.below(sibling)).toEqual(siblings);
    },
  );

  it.concurrent.for(SEEDS.slice(0, 10))(
    "leaves nothing of uploads that are under way when it begins (seed %i)",
    { timeout: 120_000 },
    async (seed) => {
      await using world = await World.start(seed, false);
      const uid = await world.project("p1", 10);
      const prefix = canonicalPrefix(uid);
      const sibling = canonicalPrefix(await world.project("p10", SIBLING_FILES));
      const siblings = world.below(sibling);
      const receipts = world.watchReceipts(prefix);
      const mix = world.plant(seed + 100);
      const racing = Array.from({ length: 8 }, (_, i) =>
        putText(world.service, "p1", `racing ${i}.txt`, "racing").catch((error: unknown) => error),
      );
      const someParts = world.server.reached("UploadPart", 16 + (seed % 6));
      await Promise.race([someParts, Promise.all(racing)]);
      const ended = await world.wait(await world.request("p1"));
      await world.expectEnded(ended, prefix);
      await mix.heal();
      expect((await world.complete(ended)).state).toBe("completed");
      await Promise.all(racing);
      expect(receipts.issued).toBe(1);
      const { payload } = await world.service.services.receipts.get(ADMIN, uid);
      expect(payload.totals.deleted).toBeGreaterThanOrEqual(10);
      const { objects, versions, parts } = world.below(prefix);
      expect([objects, versions, parts]).toEqual([[], [], []]);
      expect(world.below(sibling)).toEqual(siblings);
    },
  );

  it("is blocked while one key is refused, names that key, and completes when it is not", async () => {
    await using world = await World.start(1, false);
    const uid = await world.project("p1", FILES);
    const prefix = canonicalPrefix(uid);
    const receipts = world.watchReceipts(prefix);
    const [locked = ""] = [...world.bucket.store.snapshot().objects.keys()].filter((key) =>
      key.startsWith(prefix),
    );
    const words = "Access Denied because object protected by object lock.";
    const fault = entryErrors("AccessDenied", (key) => key === locked, words);
    world.server.faults.plan({ operation: "DeleteObjects" }, fault);
    const deletion = await world.wait(await world.request("p1"));
    expect(deletion.blocked).toMatchObject({ code: "object-locked" });
    const residue = await world.service.services.deletions.residue(ADMIN, deletion.id, 10);
    expect(residue.map(({ key, outcome, code }) => [key, outcome, code])).toEqual([
      [locked, "blocked", "object-locked"],
    ]);
    expect(world.below(prefix).objects).toHaveLength(1);
    expect(receipts.issued).toBe(0);
    world.server.faults.clear();
    expect((await world.complete(deletion)).state).toBe("completed");
    const { payload } = await world.service.services.receipts.get(ADMIN, uid);
    expect(payload.totals).toMatchObject({ deleted: FILES, absent: 0 });
    expect(world.below(prefix).objects).toEqual([]);
  });

  it("gets through where the store lets only so many requests through", async () => {
    await using world = await World.start(1, true);
    const uid = await world.project("p1", FILES);
    for (let i = 0; i < 20; i++) {
      await world.bucket.store.createUpload(`${canonicalPrefix(uid)}stray ${i}`, "text/plain");
    }
    world.server.limit({ requestsPerSecond: 40, burst: 5, per: "bucket" });
    const receipts = world.watchReceipts(canonicalPrefix(uid));
    expect((await world.wait(await world.request("p1"))).state).toBe("completed");
    expect(receipts.issued).toBe(1);
    expect(world.server.log.some(({ status }) => status === 503)).toBe(true);
    expect(world.below(canonicalPrefix(uid)).versions).toEqual([]);
  });
});

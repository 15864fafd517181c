import { afterEach, describe, expect, it } from "vitest";
import { limitedStore } from "../../src/adapters/limited-store.ts";
import { S3ObjectStore, type S3StoreOptions } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { DatabaseError } from "../../src/core/database-errors.ts";
import { bodyOf, collect } from "../../src/services/bytes.ts";
import { ADMIN, makeService, putText, type TestService } from "../support/context.ts";
import type { Bucket } from "../wire/bucket.ts";
import { WireServer } from "../wire/server.ts";

const WAIT_MS = 10_000;
const BYTES = new TextEncoder().encode("hello");

interface World {
  readonly bucket: Bucket;
  readonly s3: S3ObjectStore;
  readonly service: TestService;
}

const closings: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

/** The services on the S3 adapter, on a server of their own. */
async function start(options: Partial<S3StoreOptions> = {}): Promise<World> {
  const server = await WireServer.start();
  const bucket = server.makeBucket("files", { partBytesMin: 1 });
  const { endpoint, region, credentials } = server;
  const clock = new SystemClock();
  const place = { bucket: "files", endpoint, region, ...credentials, clock };
  const s3 = new S3ObjectStore({ ...place, ...options });
  const layouts = [{ name: "audio", template: "audio/{project}/**" }];
  const service = await makeService({ layouts, wrap: () => limitedStore(s3) });
  closings.push(async () => {
    await service.stop();
    s3.close();
    await server.stop();
  });
  return { bucket, s3, service };
}

describe("services on S3", () => {
  it("answer a repeated completion with the file, after a commit whose outcome was not known", async () => {
    const { bucket, service } = await start();
    const { projects, uploads } = service.services;
    await projects.create(ADMIN, { id: "p1" });
    const input = { path: "a.bin", sizeBytes: BYTES.length, contentType: "x/y", metadata: {} };
    const { id, key, storeUploadId } = await uploads.open(ADMIN, "p1", input);
    const part = { body: bodyOf(BYTES), sizeBytes: BYTES.length };
    await service.context.store.uploadPart(key, storeUploadId ?? "", 1, part);
    const { metadata } = service;
    const commit = metadata.commitUpload.bind(metadata);
    metadata.commitUpload = () => {
      metadata.commitUpload = commit;
      return Promise.reject(new DatabaseError("connection-lost", "the line broke"));
    };
    await expect(uploads.complete(ADMIN, "p1", id)).rejects.toMatchObject({
      code: "connection-lost",
    });
    const { file } = await uploads.complete(ADMIN, "p1", id);
    expect(file).toMatchObject({ path: "a.bin", sizeBytes: BYTES.length });
    expect(bucket.store.snapshot().objects.has(key)).toBe(true);
  });

  it("believe a store that says it keeps versions, though the settings call it R2", async () => {
    const { bucket, s3, service } = await start({ provider: "r2" });
    const { projects, deletions } = service.services;
    const { uid } = await projects.create(ADMIN, { id: "p1" });
    await putText(service, "p1", "a.txt", "text");
    expect((await s3.capabilities()).versioning).toBe("none");
    bucket.store.setVersioning("enabled");
    const deletion = await deletions.request(ADMIN, "p1", {});
    const { state } = await deletions.wait(deletion, WAIT_MS);
    expect(state).toBe("completed");
    const { versions } = bucket.store.snapshot();
    expect(versions.filter(({ key }) => key.startsWith(`projects/${uid}/`))).toEqual([]);
  });

  it("move adopted files by copies within the bucket, whose MD5 proves them, whatever their keys", async () => {
    const { bucket, service } = await start();
    const { adoptions, relayouts, files } = service.services;
    const keys = ["audio/p1/a b", "audio/p1/50%+ü?#", "audio/p1/plain"];
    for (const key of keys) await bucket.store.put(key, BYTES);
    const adoption = await adoptions.start(ADMIN, { dryRun: false, minAgeMs: 0 });
    const isOver = async (id: string): Promise<void> => {
      const ended = async () => (await service.metadata.findRun(id))?.completedAt ?? null;
      await expect.poll(ended, { timeout: WAIT_MS }).not.toBeNull();
    };
    await isOver(adoption.id);
    const { relayout } = await relayouts.start(ADMIN, { dryRun: false });
    await isOver(relayout.id);
    expect((await relayouts.get(ADMIN, relayout.id)).relayout.progress).toMatchObject({
      failure: null,
      counts: { done: keys.length, spared: 0, readBytes: 0 },
    });
    const { relayout: finish } = await relayouts.finish(ADMIN, relayout.id, { dryRun: false });
    await isOver(finish.id);
    const left = [...bucket.store.view().keysBelow("audio/")];
    expect(left).toEqual([]);
    for (const path of keys) {
      const { body } = await files.get(ADMIN, "p1", path);
      expect(Buffer.from(await collect(body, BYTES.length)).toString()).toBe("hello");
    }
  });
});

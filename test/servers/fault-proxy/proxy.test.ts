import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { afterEach, describe, expect, it } from "vitest";
import { utf8 } from "../../../src/core/encoding.ts";
import { plainClient } from "../../support/s3-bucket.ts";
import {
  breakBefore,
  entryErrors,
  falselyDeleted,
  ignoreRange,
  late,
  leaveOut,
  listingFault,
  loseReply,
  twice,
} from "../../wire/fault-kinds.ts";
import { failureOf } from "../../wire/fixture.ts";
import { WireServer } from "../../wire/server.ts";
import type { S3Address } from "../ceph.ts";
import { FaultProxy } from "./proxy.ts";

const Bucket = "box";
const KEYS = ["k/1", "k/2 & <3>", "k/4"];
const closings: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

/** The proxy before an S3 server that checks signatures and digests strictly. */
async function start() {
  const wire = await WireServer.start();
  const bucket = wire.makeBucket(Bucket);
  const { endpoint, region, credentials } = wire;
  const behind: S3Address = { endpoint, region, ...credentials, other: null };
  const proxy = await FaultProxy.start(behind);
  const client = plainClient(proxy.address);
  closings.push(async () => {
    client.destroy();
    await proxy.stop();
    await wire.stop();
  });
  const keys = (): string[] => [...bucket.store.snapshot().objects.keys()];
  for (const key of KEYS) await bucket.store.put(key, utf8("0123456789"));
  return { wire, proxy, client, keys };
}

function removal() {
  const Delete = { Objects: KEYS.map((Key) => ({ Key })) };
  return new DeleteObjectsCommand({ Bucket, Delete, ChecksumAlgorithm: "CRC32" });
}

describe("the fault proxy", () => {
  it("passes on what it has no fault for, and tells the operation of each request", async () => {
    const { proxy, client, wire, keys } = await start();
    await client.send(new PutObjectCommand({ Bucket, Key: "a b+c%", Body: "text" }));
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: "a b+c%" }));
    expect(await Body?.transformToString()).toBe("text");
    expect(keys()).toContain("a b+c%");
    const seen = proxy.log.map(({ operation, key, status }) => [operation, key, status]);
    expect(seen).toEqual([
      ["PutObject", "a b+c%", 200],
      ["GetObject", "a b+c%", 200],
    ]);
    expect(wire.log.map(({ status }) => status)).toEqual([200, 200]);
  });

  it("breaks a connection before the server hears of the request, or after it answered", async () => {
    const { proxy, client, keys } = await start();
    const target = { operation: "PutObject" } as const;
    const put = (Key: string) =>
      failureOf(client.send(new PutObjectCommand({ Bucket, Key, Body: "x" })));
    proxy.faults.plan(target, breakBefore());
    expect(await put("before")).toMatch(/ECONNRESET|socket hang up/);
    proxy.faults.clear();
    proxy.faults.plan(target, loseReply("reset"));
    expect(await put("after")).toMatch(/ECONNRESET|socket hang up/);
    expect(keys().filter((key) => !key.startsWith("k/"))).toEqual(["after"]);
  });

  it("sends a request on when it is told to, though the client is gone, and twice where it shall", async () => {
    const { proxy, client, wire, keys } = await start();
    const { promise, resolve } = Promise.withResolvers<void>();
    const fault = late(promise);
    const planned = proxy.faults.plan({ operation: "PutObject", times: 1 }, fault);
    const leaving = new AbortController();
    const put = new PutObjectCommand({ Bucket, Key: "late", Body: "x" });
    const sent = failureOf(client.send(put, { abortSignal: leaving.signal }));
    await expect.poll(() => planned.hits).toBe(1);
    leaving.abort();
    expect(await sent).toContain("abort");
    expect(keys()).not.toContain("late");
    resolve();
    await fault.hasLanded;
    expect(keys()).toContain("late");
    proxy.faults.plan({ operation: "PutObject", times: 1 }, twice());
    const before = wire.requests.PutObject;
    await client.send(new PutObjectCommand({ Bucket, Key: "two", Body: "x" }));
    expect(wire.requests.PutObject - before).toBe(2);
  });

  it("keeps some keys of a removal from the server, and really removes the others", async () => {
    const { proxy, client, keys } = await start();
    const target = { operation: "DeleteObjects", times: 1 } as const;
    proxy.faults.plan(
      target,
      entryErrors("InternalError", (key) => key === "k/1"),
    );
    const first = await client.send(removal());
    expect(first.Errors).toMatchObject([{ Key: "k/1", Code: "InternalError" }]);
    expect(first.Deleted?.map(({ Key }) => Key).sort()).toEqual(["k/2 & <3>", "k/4"]);
    expect(keys()).toEqual(["k/1"]);
    proxy.faults.plan(
      target,
      falselyDeleted((key) => key === "k/1"),
    );
    expect((await client.send(removal())).Deleted).toHaveLength(3);
    expect(keys()).toEqual(["k/1"]);
    proxy.faults.plan(
      target,
      leaveOut(() => true, true),
    );
    const last = await client.send(removal());
    expect([last.Deleted ?? [], last.Errors ?? []]).toEqual([[], []]);
    expect(keys()).toEqual([]);
  });

  it("shortens, empties and breaks pages, and leads from an empty one to what should have been", async () => {
    const { proxy, client } = await start();
    const list = (ContinuationToken?: string) =>
      client.send(new ListObjectsV2Command({ Bucket, Prefix: "k/", ContinuationToken }));
    const plan = (fault: Parameters<typeof listingFault>[0]) =>
      proxy.faults.plan({ operation: "ListObjectsV2", times: 1 }, listingFault(fault));
    plan({ entriesMax: 1 });
    const short = await list();
    expect([short.KeyCount, short.IsTruncated]).toEqual([1, true]);
    plan({ empty: true });
    const empty = await list(short.NextContinuationToken);
    expect([empty.Contents, empty.KeyCount, empty.IsTruncated]).toEqual([undefined, 0, true]);
    const rest = await list(empty.NextContinuationToken);
    expect(rest.Contents?.map(({ Key }) => Key)).toEqual(KEYS.slice(1));
    plan({ withoutToken: true });
    expect(await list()).toMatchObject({ IsTruncated: true, KeyCount: 3 });
    plan({ repeatsToken: true });
    const circle = await list(short.NextContinuationToken);
    expect(circle.NextContinuationToken).toBe(short.NextContinuationToken);
    plan({ foreignKey: "elsewhere" });
    expect((await list()).Contents?.at(-1)?.Key).toBe("elsewhere");
  });

  it("answers with the whole object where a range is to be passed over", async () => {
    const { proxy, client } = await start();
    proxy.faults.plan({ operation: "GetObject" }, ignoreRange());
    const get = new GetObjectCommand({ Bucket, Key: "k/1", Range: "bytes=2-4" });
    expect(await (await client.send(get)).Body?.transformToString()).toBe("0123456789");
  });
});

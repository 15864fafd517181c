import {
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ListObjectsV2CommandOutput,
  type S3Client,
} from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { sendRaw } from "./client.ts";
import { dialectOf } from "./dialects.ts";
import { BUCKET, refusalOf, useWire, type Wire } from "./fixture.ts";

const start = useWire();
const BYTES = new TextEncoder().encode("x");

async function fill({ server }: Wire, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await server.bucket(BUCKET).store.put(key, BYTES);
}

async function pages(client: S3Client, MaxKeys: number): Promise<ListObjectsV2CommandOutput[]> {
  const all: ListObjectsV2CommandOutput[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: BUCKET, MaxKeys, ContinuationToken }),
    );
    all.push(page);
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return all;
}

describe("listings on the wire", () => {
  it("show every object once, whatever the pages' length, and say which page is the last", async () => {
    const wire = await start();
    const keys = ["a", "b/c", "b/d", "\uFFFD", "\u{1F600}"];
    await fill(wire, ...keys);
    for (const [size, count] of [
      [1, 5],
      [2, 3],
      [5, 1],
      [1000, 1],
    ] as const) {
      const found = await pages(wire.client, size);
      expect(found.flatMap(({ Contents = [] }) => Contents.map(({ Key }) => Key))).toEqual(keys);
      expect(found).toHaveLength(count);
      expect(found.map(({ IsTruncated }) => IsTruncated)).toEqual(
        found.map((_, i) => i < count - 1),
      );
    }
    const one = await wire.client.send(
      new ListObjectsV2Command({ Bucket: BUCKET, Prefix: "b/", StartAfter: "b/c", MaxKeys: 7 }),
    );
    expect([one.KeyCount, one.Contents?.[0]?.Key, one.Contents?.[0]?.Size]).toEqual([1, "b/d", 1]);
    const none = await wire.client.send(new ListObjectsV2Command({ Bucket: BUCKET, MaxKeys: 0 }));
    expect([none.KeyCount, none.IsTruncated]).toEqual([0, false]);
  });

  it("encode keys like a form where that is asked for, on Ceph with %20 for a space", async () => {
    const encoded = async (name: "aws" | "ceph") => {
      const wire = await start({ dialect: dialectOf(name) });
      await fill(wire, "a b+c/d%~\u0001é");
      const raw = {
        method: "GET",
        path: `/${BUCKET}`,
        query: "encoding-type=url&list-type=2&prefix=a",
      };
      return /<Key>(.*)<\/Key>/.exec((await sendRaw(wire.server, raw)).text)?.[1];
    };
    expect(await encoded("aws")).toBe("a+b%2Bc/d%25~%01%C3%A9");
    expect(await encoded("ceph")).toBe("a%20b%2Bc/d%25~%01%C3%A9");
  });

  it("tell times to the second on AWS, to the millisecond on Ceph", async () => {
    const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678) };
    const time = async (name: "aws" | "ceph") => {
      const wire = await start({ dialect: dialectOf(name), clock });
      await fill(wire, "k");
      const raw = { method: "GET", path: `/${BUCKET}`, query: "list-type=2", at: clock.now() };
      return /<LastModified>(.*)<\/LastModified>/.exec((await sendRaw(wire.server, raw)).text)?.[1];
    };
    expect(await time("aws")).toBe("2026-01-02T03:04:05.000Z");
    expect(await time("ceph")).toBe("2026-01-02T03:04:05.678Z");
  });

  it("are short and empty where the bucket's pages are, without being over", async () => {
    const wire = await start({}, { pageKeys: 2, emptyPages: true });
    await fill(wire, "a", "b", "c");
    const found = await pages(wire.client, 1000);
    expect(found.map(({ KeyCount }) => KeyCount)).toEqual([0, 2, 0, 1, 0, 0]);
    expect(new Set(found.map((page) => page.NextContinuationToken)).size).toBe(6);
  });

  it("refuse a token that nobody gave and a number that is none", async () => {
    const { server } = await start();
    for (const query of [
      "continuation-token=made-up",
      "max-keys=-1",
      "max-keys=x",
      "encoding-type=hex",
    ]) {
      const raw = { method: "GET", path: `/${BUCKET}`, query: `list-type=2&${query}` };
      const { status, code } = await sendRaw(server, raw);
      expect([status, code], query).toEqual([400, "InvalidArgument"]);
    }
  });

  it("go through versions and markers in the store's order, by markers", async () => {
    const wire = await start({}, { versioning: "enabled" });
    const { store } = wire.server.bucket(BUCKET);
    await fill(wire, "a", "a", "b", "c");
    await store.remove(["a", "c"]);
    const seen: string[] = [];
    let from: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
    for (;;) {
      const page = await wire.client.send(
        new ListObjectVersionsCommand({ Bucket: BUCKET, MaxKeys: 1, ...from }),
      );
      seen.push(...(page.Versions ?? []).map(({ Key, IsLatest }) => `${Key} v ${IsLatest}`));
      seen.push(...(page.DeleteMarkers ?? []).map(({ Key, IsLatest }) => `${Key} m ${IsLatest}`));
      if (!page.IsTruncated) break;
      from = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
    }
    expect(seen).toEqual([
      "a m true",
      "a v false",
      "a v false",
      "b v true",
      "c m true",
      "c v false",
    ]);
    const behind = await wire.client.send(
      new ListObjectVersionsCommand({ Bucket: BUCKET, KeyMarker: "a" }),
    );
    expect(behind.Versions?.map(({ Key }) => Key)).toEqual(["b", "c"]);
    const whole = { method: "GET", path: `/${BUCKET}`, query: "versions=" };
    expect((await sendRaw(wire.server, whole)).text).toMatch(
      /<DeleteMarker>.*<Version>.*<DeleteMarker>/,
    );
    const unknown = { Bucket: BUCKET, KeyMarker: "a", VersionIdMarker: "nobodys" };
    expect(await refusalOf(wire.client.send(new ListObjectVersionsCommand(unknown)))).toEqual([
      400,
      "InvalidArgument",
    ]);
  });

  it("show the objects of a bucket without versions as its null versions", async () => {
    const wire = await start();
    await fill(wire, "a", "b");
    const { Versions } = await wire.client.send(new ListObjectVersionsCommand({ Bucket: BUCKET }));
    expect(Versions?.map(({ Key, VersionId }) => [Key, VersionId])).toEqual([
      ["a", "null"],
      ["b", "null"],
    ]);
  });

  it("go through open uploads by markers, also those that a client makes itself", async () => {
    const wire = await start();
    const { store } = wire.server.bucket(BUCKET);
    const ids = [];
    for (const key of ["u/a", "u/a", "u/b", "v"]) ids.push(await store.createUpload(key, "x/y"));
    const list = async (input: object) =>
      await wire.client.send(
        new ListMultipartUploadsCommand({ Bucket: BUCKET, Prefix: "u/", ...input }),
      );
    const first = await list({ MaxUploads: 1 });
    const second = await list({
      MaxUploads: 1,
      KeyMarker: first.NextKeyMarker,
      UploadIdMarker: first.NextUploadIdMarker,
    });
    expect(new Set([first, second].map(({ Uploads }) => Uploads?.[0]?.UploadId))).toEqual(
      new Set(ids.slice(0, 2)),
    );
    expect((await list({ KeyMarker: "u/a" })).Uploads?.map(({ Key }) => Key)).toEqual(["u/b"]);
    expect((await list({})).IsTruncated).toBe(false);
  });
});

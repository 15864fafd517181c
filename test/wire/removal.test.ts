import { createHash } from "node:crypto";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { StoreError } from "../../src/core/store-errors.ts";
import { type RawRequest, sendRaw } from "./client.ts";
import { type Dialect, dialectOf } from "./dialects.ts";
import { BUCKET, refusalOf, useWire, type Wire } from "./fixture.ts";

const start = useWire();
const BYTES = new TextEncoder().encode("x");

async function fill({ server }: Wire, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await server.bucket(BUCKET).store.put(key, BYTES);
}

function removal(...keys: readonly string[]): DeleteObjectsCommand {
  return new DeleteObjectsCommand({
    Bucket: BUCKET,
    Delete: { Objects: keys.map((Key) => ({ Key })) },
  });
}

function raw(body: string, headers: Readonly<Record<string, string>> = {}): RawRequest {
  return { method: "POST", path: `/${BUCKET}`, query: "delete=", body, headers };
}

function md5(text: string): Record<string, string> {
  return { "content-md5": createHash("md5").update(text).digest("base64") };
}

const ONE = "<Delete><Object><Key>a</Key></Object></Delete>";

describe("removals on the wire", () => {
  it("answer for every key, in the order asked, also for what was never there", async () => {
    const wire = await start();
    await fill(wire, "a", " b ", "c&<>", "d\u007f", "kept");
    const keys = ["c&<>", "never", "a", " b ", "a", "d\u007f"];
    const { Deleted, Errors } = await wire.client.send(removal(...keys));
    expect(Deleted?.map(({ Key }) => Key)).toEqual(keys);
    expect(Errors).toBeUndefined();
    expect([...wire.server.bucket(BUCKET).store.snapshot().objects.keys()]).toEqual(["kept"]);
    await wire.client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: "kept" }));
    await wire.client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: "kept" }));
    expect(wire.server.bucket(BUCKET).store.snapshot().objects.size).toBe(0);
  });

  it("answer in the order of keys on Ceph", async () => {
    const { client } = await start({ dialect: dialectOf("ceph") });
    const { Deleted } = await client.send(removal("c", "a", "b"));
    expect(Deleted?.map(({ Key }) => Key)).toEqual(["a", "b", "c"]);
  });

  it("need a digest that fits, whichever kind it is, and remove nothing without", async () => {
    const wire = await start();
    await fill(wire, "a");
    const codeOf = async (headers: Record<string, string>) => {
      const { status, code } = await sendRaw(wire.server, raw(ONE, headers));
      return [status, code];
    };
    expect(await codeOf({})).toEqual([400, "InvalidRequest"]);
    expect(await codeOf(md5("another"))).toEqual([400, "BadDigest"]);
    expect(await codeOf({ "x-amz-checksum-crc32": "AAAAAA==" })).toEqual([400, "BadDigest"]);
    const sha256 = (text: string) => createHash("sha256").update(text).digest("base64");
    expect(await codeOf({ "x-amz-checksum-sha256": sha256("b") })).toEqual([400, "BadDigest"]);
    expect(wire.server.bucket(BUCKET).store.snapshot().objects.size).toBe(1);
    expect(await codeOf({ "x-amz-checksum-sha256": sha256(ONE) })).toEqual([200, undefined]);
    expect(await codeOf(md5(ONE))).toEqual([200, undefined]);
  });

  it("refuse CRC32 where only Content-MD5 is known, and pass over digests on Ceph", async () => {
    const statusOf = async (dialect: Dialect, headers: Record<string, string>) => {
      const { server } = await start({ dialect });
      const { status, code } = await sendRaw(server, raw(ONE, headers));
      return [status, code];
    };
    const old = dialectOf("r2", { removalDigests: ["md5"] });
    expect(await statusOf(old, { "x-amz-checksum-crc32": "AAAAAA==" })).toEqual([
      501,
      "NotImplemented",
    ]);
    expect(await statusOf(old, {})).toEqual([400, "InvalidRequest"]);
    expect(await statusOf(old, md5(ONE))).toEqual([200, undefined]);
    expect(await statusOf(dialectOf("ceph"), {})).toEqual([200, undefined]);
    expect(await statusOf(dialectOf("ceph"), md5("another"))).toEqual([200, undefined]);
  });

  it("are refused whole where the body cannot be read, on Ceph without a word", async () => {
    const object = "<Object><Key>a</Key></Object>";
    const bodies = [
      "<Delete>",
      "<Delete></Delete>",
      `<Delete>${object}<Object><Key>x&#x1;y</Key></Object></Delete>`,
      `<Delete>${object.repeat(1001)}</Delete>`,
    ];
    for (const name of ["aws", "ceph"] as const) {
      const wire = await start({ dialect: dialectOf(name) });
      await fill(wire, "a");
      for (const body of bodies) {
        const { status, code, text } = await sendRaw(wire.server, raw(body, md5(body)));
        expect([status, code]).toEqual([400, name === "aws" ? "MalformedXML" : undefined]);
        if (name === "ceph") expect(text).toBe("");
      }
      expect(wire.server.bucket(BUCKET).store.snapshot().objects.size).toBe(1);
    }
  });

  it("answer only errors where that is asked for, and one for a key that is too long", async () => {
    const { server } = await start();
    const long = `<Object><Key>${"k".repeat(1025)}</Key></Object>`;
    const body = `<Delete><Object><Key>a</Key></Object>${long}<Quiet>true</Quiet></Delete>`;
    const { text } = await sendRaw(server, raw(body, md5(body)));
    expect(text).not.toContain("<Deleted>");
    expect(text).toContain("<Code>KeyTooLongError</Code>");
  });

  it("show what the memory store refuses or fails at, as S3 would", async () => {
    const wire = await start();
    await fill(wire, "a", "b", "c");
    const { failures } = wire.server.bucket(BUCKET).store;
    const refusal = { result: "blocked", retryable: false, message: "no" } as const;
    failures.refuse = (key) => {
      if (key === "c") return { ...refusal, code: "object-locked" };
      return key === "b" ? { ...refusal, code: "access-denied" } : null;
    };
    const { Deleted, Errors } = await wire.client.send(removal("a", "b", "c"));
    expect(Deleted?.map(({ Key }) => Key)).toEqual(["a"]);
    expect(Errors?.map(({ Key, Code, Message }) => [Key, Code, Message])).toEqual([
      ["b", "AccessDenied", "Access Denied"],
      ["c", "AccessDenied", "Access Denied because object protected by object lock."],
    ]);
    const alone = new DeleteObjectCommand({ Bucket: BUCKET, Key: "b" });
    expect(await refusalOf(wire.client.send(alone))).toEqual([403, "AccessDenied"]);
    failures.fail = () => new StoreError("throttled", "retryable", "slower");
    expect(await refusalOf(wire.client.send(removal("a")))).toEqual([503, "SlowDown"]);
  });
});

describe("versions on the wire", () => {
  it("are kept once that is turned on, hidden by markers and removed one by one", async () => {
    const { client, server } = await start();
    const versioning = async () =>
      (await client.send(new GetBucketVersioningCommand({ Bucket: BUCKET }))).Status;
    const put = async (Body: string) =>
      (await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: "k", Body }))).VersionId;
    expect(await versioning()).toBeUndefined();
    expect(await put("before")).toBeUndefined();
    const turn = (Status: "Enabled" | "Suspended") =>
      client.send(
        new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status } }),
      );
    await turn("Enabled");
    expect(await versioning()).toBe("Enabled");
    const second = await put("second");
    const hidden = await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: "k" }));
    expect(hidden.DeleteMarker).toBe(true);
    expect(server.bucket(BUCKET).store.snapshot().objects.size).toBe(0);
    const Objects = [
      { Key: "k", VersionId: hidden.VersionId },
      { Key: "k", VersionId: "null" },
      { Key: "k", VersionId: "nobodys" },
    ];
    const { Deleted } = await client.send(
      new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects } }),
    );
    expect(Deleted?.map(({ VersionId, DeleteMarker }) => [VersionId, DeleteMarker])).toEqual([
      [hidden.VersionId, true],
      ["null", undefined],
      ["nobodys", undefined],
    ]);
    const { Versions, DeleteMarkers } = await client.send(
      new ListObjectVersionsCommand({ Bucket: BUCKET }),
    );
    expect([Versions?.map(({ VersionId }) => VersionId), DeleteMarkers]).toEqual([
      [second],
      undefined,
    ]);
    await turn("Suspended");
    expect(await versioning()).toBe("Suspended");
  });

  it("do not exist on R2, which answers GetBucketVersioning for show", async () => {
    const { client } = await start({ dialect: dialectOf("r2") }, { versioning: "enabled" });
    const asked = await client.send(new GetBucketVersioningCommand({ Bucket: BUCKET }));
    expect(asked.Status).toBeUndefined();
    const refusals = await Promise.all([
      refusalOf(client.send(new ListObjectVersionsCommand({ Bucket: BUCKET }))),
      refusalOf(client.send(new GetObjectLockConfigurationCommand({ Bucket: BUCKET }))),
      refusalOf(
        client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: "k", VersionId: "v1" })),
      ),
    ]);
    for (const refusal of refusals) expect(refusal).toEqual([501, "NotImplemented"]);
  });

  it("stay while a legal hold is on them, in the words of each store", async () => {
    const words = {
      aws: [
        "Access Denied because object protected by object lock.",
        "Access Denied because object protected by object lock.",
      ],
      ceph: ["forbidden by object lock", "AccessDenied"],
    };
    for (const name of ["aws", "ceph"] as const) {
      const { client, server } = await start({ dialect: dialectOf(name) });
      const Bucket = "locked";
      await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
      const lock = await client.send(new GetObjectLockConfigurationCommand({ Bucket }));
      expect(lock.ObjectLockConfiguration?.ObjectLockEnabled).toBe("Enabled");
      const { VersionId } = await client.send(
        new PutObjectCommand({ Bucket, Key: "k", Body: "x" }),
      );
      const hold = (Status: "ON" | "OFF") =>
        client.send(new PutObjectLegalHoldCommand({ Bucket, Key: "k", LegalHold: { Status } }));
      await hold("ON");
      const held = await client.send(new GetObjectLegalHoldCommand({ Bucket, Key: "k" }));
      expect(held.LegalHold?.Status).toBe("ON");
      const Objects = [{ Key: "k", VersionId }];
      const batch = new DeleteObjectsCommand({ Bucket, Delete: { Objects } });
      const single = client.send(new DeleteObjectCommand({ Bucket, Key: "k", VersionId }));
      await expect(single).rejects.toThrow(words[name][0] ?? "");
      const { Errors } = await client.send(batch);
      expect(Errors?.map(({ Code, Message }) => [Code, Message])).toEqual([
        ["AccessDenied", words[name][1]],
      ]);
      await hold("OFF");
      expect((await client.send(batch)).Errors).toBeUndefined();
      expect(await server.bucket(Bucket).versionsOf("k")).toEqual([]);
    }
    const { client } = await start();
    const none = new GetObjectLockConfigurationCommand({ Bucket: BUCKET });
    expect(await refusalOf(client.send(none))).toEqual([
      404,
      "ObjectLockConfigurationNotFoundError",
    ]);
  });
});

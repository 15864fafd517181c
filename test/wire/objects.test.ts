import { Readable } from "node:stream";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { sdkConfig, sendRaw } from "./client.ts";
import { dialectOf } from "./dialects.ts";
import { BUCKET, refusalOf, useWire } from "./fixture.ts";
import { UNSIGNED } from "./signature.ts";

const start = useWire();

describe("objects on the wire", () => {
  it("are read back whole, in ranges and with the headers that the query asks for", async () => {
    const { client } = await start();
    const Key = "0123";
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: "0123456789" }));
    const get = async (Range?: string) => {
      const got = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key, Range }));
      return [await got.Body?.transformToString(), got.ContentRange, got.ContentLength];
    };
    expect(await get()).toEqual(["0123456789", undefined, 10]);
    expect(await get("bytes=2-4")).toEqual(["234", "bytes 2-4/10", 3]);
    expect(await get("bytes=8-99")).toEqual(["89", "bytes 8-9/10", 2]);
    expect(await get("bytes=7-")).toEqual(["789", "bytes 7-9/10", 3]);
    expect(await get("bytes=-2")).toEqual(["89", "bytes 8-9/10", 2]);
    expect(await get("bytes=4-2")).toEqual(["0123456789", undefined, 10]);
    expect(await refusalOf(get("bytes=10-12"))).toEqual([416, "InvalidRange"]);
    const named = await client.send(
      new GetObjectCommand({
        Bucket: BUCKET,
        Key,
        ResponseContentDisposition: 'attachment; filename="x"',
        ResponseContentType: "text/css",
      }),
    );
    expect([named.ContentDisposition, named.ContentType]).toEqual([
      'attachment; filename="x"',
      "text/css",
    ]);
    const head = await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key }));
    expect([head.ContentLength, head.ETag]).toEqual([10, '"781e5e245d69b566979b86e28d23f2c7"']);
  });

  it("are refused where digests are wrong, and nothing is kept", async () => {
    const { server } = await start();
    const put = async (headers: Record<string, string>) => {
      const { status, code } = await sendRaw(server, {
        method: "PUT",
        path: `/${BUCKET}/k`,
        body: "x",
        headers,
      });
      return [status, code];
    };
    expect(await put({ "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg==" })).toEqual([400, "BadDigest"]);
    expect(await put({ "content-md5": "short" })).toEqual([400, "InvalidDigest"]);
    expect(await put({ "x-amz-checksum-crc32": "AAAAAA==" })).toEqual([400, "BadDigest"]);
    expect(await put({ "x-amz-checksum-crc32": "AA==" })).toEqual([400, "InvalidRequest"]);
    expect(await put({ "x-amz-checksum-crc64nvme": "AAAAAAAAAAA=" })).toEqual([
      501,
      "NotImplemented",
    ]);
    expect(server.bucket(BUCKET).store.snapshot().objects.size).toBe(0);
    expect(await put({ "content-md5": "ndTkYSaMgDT1yFZOFVxnpg==" })).toEqual([200, undefined]);
  });

  it("come with a checksum behind the body where the client sends it so", async () => {
    const { server } = await start();
    const client = new S3Client({
      ...sdkConfig(server),
      requestChecksumCalculation: "WHEN_SUPPORTED",
    });
    const Body = Readable.from([Buffer.from("in two "), Buffer.from("pieces")]);
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: "k", Body, ContentLength: 13 }));
    client.destroy();
    expect(
      Buffer.from(server.bucket(BUCKET).store.snapshot().objects.get("k") ?? []).toString(),
    ).toBe("in two pieces");
    const framed = (crc: string) => ({
      method: "PUT",
      path: `/${BUCKET}/raw`,
      body: `3\r\nabc\r\n0\r\nx-amz-checksum-crc32:${crc}\r\n\r\n`,
      payloadHash: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
      headers: { "content-encoding": "aws-chunked", "x-amz-decoded-content-length": "3" },
    });
    expect((await sendRaw(server, framed("AAAAAA=="))).code).toBe("BadDigest");
    expect((await sendRaw(server, framed("NSRBwg=="))).status).toBe(200);
    const ceph = await start({ dialect: dialectOf("ceph") });
    const refused = await sendRaw(ceph.server, framed("NSRBwg=="));
    expect([refused.status, refused.code]).toEqual([411, "MissingContentLength"]);
  });

  it("must say their length, and be sent whole", async () => {
    const { server } = await start();
    const whole = { method: "PUT", path: `/${BUCKET}/k`, body: "x", payloadHash: UNSIGNED };
    const unsized = await sendRaw(server, { ...whole, framing: "chunked" });
    expect([unsized.status, unsized.code]).toEqual([411, "MissingContentLength"]);
    await expect(sendRaw(server, { ...whole, framing: "broken-off" })).rejects.toThrow("hang up");
    const short = {
      method: "PUT",
      path: `/${BUCKET}/k`,
      body: "x".repeat(1025),
      payloadHash: UNSIGNED,
    };
    expect((await sendRaw(server, { ...short, path: `/${BUCKET}/${"k".repeat(1025)}` })).code).toBe(
      "KeyTooLongError",
    );
  });

  it("keep the path as it was sent: no segment is dropped and no slash merged", async () => {
    const { server } = await start();
    for (const key of ["a/../b", "./a", "a//b", "//", "a/./b", "..", "%2e%2e/x"]) {
      const path = `/${BUCKET}/${key.replaceAll("%", "%25")}`;
      expect((await sendRaw(server, { method: "PUT", path, body: key })).status).toBe(200);
      expect((await sendRaw(server, { method: "GET", path })).text).toBe(key);
    }
    expect(server.bucket(BUCKET).store.snapshot().objects.size).toBe(7);
    expect((await sendRaw(server, { method: "GET", path: `/${BUCKET}/%zz` })).code).toBe(
      "InvalidURI",
    );
    expect((await sendRaw(server, { method: "GET", path: `/${BUCKET}/%ff` })).code).toBe(
      "InvalidURI",
    );
  });

  it("lie in buckets, which hosts can name as well as paths", async () => {
    const { server, client } = await start();
    await client.send(new CreateBucketCommand({ Bucket: "other.one" }));
    expect(await refusalOf(client.send(new CreateBucketCommand({ Bucket: "other.one" })))).toEqual([
      409,
      "BucketAlreadyOwnedByYou",
    ]);
    const { Buckets } = await client.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toEqual([BUCKET, "other.one"]);
    const headers = { host: `other.one.localhost:${server.port}` };
    expect(
      (await sendRaw(server, { method: "PUT", path: "/k/l", body: "by host", headers })).status,
    ).toBe(200);
    const byPath = await client.send(new GetObjectCommand({ Bucket: "other.one", Key: "k/l" }));
    expect(await byPath.Body?.transformToString()).toBe("by host");
    expect(await refusalOf(client.send(new DeleteBucketCommand({ Bucket: "other.one" })))).toEqual([
      409,
      "BucketNotEmpty",
    ]);
    await client.send(new DeleteBucketCommand({ Bucket: BUCKET }));
    expect(await refusalOf(client.send(new ListObjectsV2Command({ Bucket: BUCKET })))).toEqual([
      404,
      "NoSuchBucket",
    ]);
    expect((await refusalOf(client.send(new HeadBucketCommand({ Bucket: BUCKET }))))[0]).toBe(404);
    const where = await client.send(new GetBucketLocationCommand({ Bucket: "other.one" }));
    expect(where.LocationConstraint ?? "").toBe("");
  });

  it("meet a plain no for all that is not spoken here", async () => {
    const { server } = await start();
    const path = `/${BUCKET}/k`;
    const asked = [
      { method: "GET", path, query: "acl=" },
      { method: "GET", path, query: "tagging=" },
      { method: "GET", path: `/${BUCKET}`, query: "delimiter=%2F&list-type=2" },
      { method: "GET", path: `/${BUCKET}`, query: "policy=" },
      { method: "GET", path: `/${BUCKET}` },
      { method: "PUT", path, headers: { "x-amz-copy-source": "/a/b" } },
      { method: "PUT", path, headers: { "if-none-match": "*" } },
      { method: "DELETE", path, headers: { "if-match": "x" } },
      { method: "PUT", path, headers: { "x-amz-server-side-encryption": "AES256" } },
      { method: "PATCH", path },
    ];
    for (const raw of asked) {
      const { status, code } = await sendRaw(server, raw);
      expect([status, code], JSON.stringify(raw)).toEqual([501, "NotImplemented"]);
    }
  });
});

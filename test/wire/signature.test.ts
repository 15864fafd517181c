import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RawRequest, sdkConfig, sendRaw } from "./client.ts";
import { WireServer } from "./server.ts";
import { canonicalRequest, sha256Hex, signatureOf, stringToSign, UNSIGNED } from "./signature.ts";

const EMPTY = sha256Hex("");
const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const MINUTE_MS = 60_000;

/** The examples of AWS S3 API reference, "Signature Calculations for the Authorization Header". */
const EXAMPLES = [
  {
    name: "GET object with a range",
    method: "GET",
    rawPath: "/test.txt",
    rawQuery: "",
    headers: {
      range: "bytes=0-9",
      "x-amz-content-sha256": EMPTY,
      "x-amz-date": "20130524T000000Z",
    },
    payload: EMPTY,
    signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  },
  {
    name: "PUT object",
    method: "PUT",
    rawPath: "/test%24file.text",
    rawQuery: "",
    headers: {
      date: "Fri, 24 May 2013 00:00:00 GMT",
      "x-amz-content-sha256": sha256Hex("Welcome to Amazon S3."),
      "x-amz-date": "20130524T000000Z",
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
    },
    payload: sha256Hex("Welcome to Amazon S3."),
    signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  },
  {
    name: "GET bucket lifecycle, a parameter without a value",
    method: "GET",
    rawPath: "/",
    rawQuery: "lifecycle",
    headers: { "x-amz-content-sha256": EMPTY, "x-amz-date": "20130524T000000Z" },
    payload: EMPTY,
    signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  },
  {
    name: "GET bucket, parameters to be sorted",
    method: "GET",
    rawPath: "/",
    rawQuery: "prefix=J&max-keys=2",
    headers: { "x-amz-content-sha256": EMPTY, "x-amz-date": "20130524T000000Z" },
    payload: EMPTY,
    signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  },
  {
    name: "a presigned GET",
    method: "GET",
    rawPath: "/test.txt",
    rawQuery:
      "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=ignored",
    headers: {},
    payload: UNSIGNED,
    signature: "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  },
];

describe("the wire server's signatures", () => {
  it("are those of AWS's own examples", () => {
    for (const { name, headers, payload, signature, ...request } of EXAMPLES) {
      const all = new Map(
        Object.entries({ host: "examplebucket.s3.amazonaws.com", ...headers } as Record<
          string,
          string
        >),
      );
      const canonical = canonicalRequest(
        { ...request, headers: all },
        [...all.keys()].sort(),
        payload,
      );
      const scope = { date: "20130524", region: "us-east-1" };
      const toSign = stringToSign("20130524T000000Z", scope, canonical);
      expect(signatureOf(SECRET, scope, toSign), name).toBe(signature);
    }
  });

  describe("held against requests", () => {
    let server: WireServer;
    let client: S3Client;
    const list: RawRequest = { method: "GET", path: "/box", query: "list-type=2" };

    beforeEach(async () => {
      server = await WireServer.start({ region: "eu-west-3" });
      server.makeBucket("box");
      client = new S3Client(sdkConfig(server));
    });
    afterEach(async () => {
      client.destroy();
      await server.stop();
    });

    it("agree with the SDK's for keys and prefixes of every kind of character", async () => {
      const keys = [
        "a b+c",
        "!'()*~",
        "é/\u{1F600}",
        "a//b/../c/./d",
        "%2F%",
        "=&?#;:@$,",
        "/x",
        "\u0001",
      ];
      for (const Key of keys) {
        await client.send(new PutObjectCommand({ Bucket: "box", Key, Body: `at ${Key}` }));
        const listing = new ListObjectsV2Command({ Bucket: "box", Prefix: Key, MaxKeys: 1 });
        expect((await client.send(listing)).KeyCount).toBe(1);
        const { Body } = await client.send(new GetObjectCommand({ Bucket: "box", Key }));
        expect(await Body?.transformToString()).toBe(`at ${Key}`);
      }
      expect([...server.bucket("box").store.snapshot().objects.keys()].sort()).toEqual(keys.sort());
    });

    it("agree with the SDK's presigned URLs, which live no longer than they say", async () => {
      const put = new PutObjectCommand({ Bucket: "box", Key: "signed key/ü" });
      const url = await getSignedUrl(client, put, { expiresIn: 60 });
      expect((await fetch(url, { method: "PUT", body: "by url" })).status).toBe(200);
      expect((await fetch(url, { method: "GET" })).status).toBe(403);
      expect((await fetch(`${url}&versionId=1`, { method: "PUT", body: "x" })).status).toBe(403);
      const get = new GetObjectCommand({ Bucket: "box", Key: "signed key/ü" });
      const readUrl = await getSignedUrl(client, get, { expiresIn: 60 });
      expect(await (await fetch(readUrl)).text()).toBe("by url");
      const signingDate = new Date(Date.now() - 2 * MINUTE_MS);
      const old = await fetch(await getSignedUrl(client, get, { expiresIn: 60, signingDate }));
      expect([old.status, await old.text()]).toEqual([403, expect.stringContaining("has expired")]);
      const later = new Date(Date.now() + 20 * MINUTE_MS);
      const early = await fetch(
        await getSignedUrl(client, get, { expiresIn: 60, signingDate: later }),
      );
      expect([early.status, await early.text()]).toEqual([403, expect.stringContaining("not yet")]);
    });

    it("refuse a length that was not the one signed into a URL", async () => {
      const command = new PutObjectCommand({ Bucket: "box", Key: "sized", ContentLength: 5 });
      const options = { expiresIn: 60, signableHeaders: new Set(["content-length"]) };
      const url = await getSignedUrl(client, command, options);
      expect((await fetch(url, { method: "PUT", body: "longer" })).status).toBe(403);
      expect((await fetch(url, { method: "PUT", body: "right" })).status).toBe(200);
    });

    it("refuse an unknown key, a wrong secret, a wrong region and nobody at all", async () => {
      const { accessKeyId, secretAccessKey } = server.credentials;
      const codeOf = async (raw: Partial<RawRequest>) => {
        const { status, code } = await sendRaw(server, { ...list, ...raw });
        return [status, code];
      };
      expect(await codeOf({})).toEqual([200, undefined]);
      expect(await codeOf({ credentials: { accessKeyId: "AKIANOBODY", secretAccessKey } })).toEqual(
        [403, "InvalidAccessKeyId"],
      );
      expect(await codeOf({ credentials: { accessKeyId, secretAccessKey: "wrong" } })).toEqual([
        403,
        "SignatureDoesNotMatch",
      ]);
      expect(await codeOf({ region: "us-east-1" })).toEqual([400, "AuthorizationHeaderMalformed"]);
      expect((await fetch(`${server.endpoint}/box?list-type=2`)).status).toBe(403);
    });

    it("refuse a clock that is more than fifteen minutes off, either way", async () => {
      for (const minutes of [-16, 16]) {
        const reply = await sendRaw(server, { ...list, at: Date.now() + minutes * MINUTE_MS });
        expect([reply.status, reply.code]).toEqual([403, "RequestTimeTooSkewed"]);
      }
      for (const minutes of [-14, 14]) {
        const { status } = await sendRaw(server, { ...list, at: Date.now() + minutes * MINUTE_MS });
        expect(status).toBe(200);
      }
    });

    it("cover the body, unless the request says that they do not", async () => {
      const put = { method: "PUT", path: "/box/body", body: "the body" };
      const wrong = await sendRaw(server, { ...put, payloadHash: sha256Hex("another") });
      expect([wrong.status, wrong.code]).toEqual([400, "XAmzContentSHA256Mismatch"]);
      expect((await sendRaw(server, { ...put, payloadHash: null })).code).toBe("InvalidRequest");
      expect(server.bucket("box").store.snapshot().objects.size).toBe(0);
      expect((await sendRaw(server, { ...put, payloadHash: UNSIGNED })).status).toBe(200);
    });

    it("cover every header that changes what is done", async () => {
      const unsigned = { "x-amz-copy-source": "/box/secret" };
      const reply = await sendRaw(server, { method: "PUT", path: "/box/k", unsigned });
      expect([reply.status, reply.code]).toEqual([403, "AccessDenied"]);
    });
  });
});

import { createHash } from "node:crypto";
import { request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, expect, test } from "vitest";
import { StoreError } from "../../src/core/store-errors.ts";
import type { Part, PartBody } from "../../src/ports/object-store.ts";
import {
  expectProblem,
  type HttpService,
  listen,
  makeProject,
  sendRaw,
  startHttp,
} from "./support.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";

let http: HttpService;
afterEach(() => http.close());

const MiB = 1024 * 1024;
const AUTH = { authorization: "Bearer admin" };

/** Counts and hashes what arrives instead of keeping it, and gives back zeros. */
function countingStore(store: ObjectStore, pace: (bytes: number) => Promise<void>) {
  const seen = { bytes: 0, hash: createHash("sha256") };
  const parts = new Map<string, Part>();
  const counting: ObjectStore = Object.create(store, {
    uploadPart: {
      value: async (key: string, _uploadId: string, partNumber: number, part: PartBody) => {
        let bytes = 0;
        for await (const chunk of part.body) {
          await pace(chunk.length);
          bytes += chunk.length;
          seen.bytes += chunk.length;
          seen.hash.update(chunk);
        }
        const kept = { partNumber, etag: "e", sizeBytes: bytes };
        parts.set(key, kept);
        return kept;
      },
    },
    completeUpload: {
      value: async (key: string, uploadId: string) => {
        await store.abortUpload(key, uploadId);
        return { key, sizeBytes: seen.bytes, etag: "e", modifiedAt: 0 };
      },
    },
    get: {
      value: async (key: string) => {
        const body = async function* () {
          for (let i = 0; i < 64 * 16; i++) yield new Uint8Array(MiB / 16);
        };
        return { key, sizeBytes: 64 * MiB, etag: "e", modifiedAt: 0, body: body() };
      },
    },
  }) as ObjectStore;
  // Methods of a class with private fields need their own object.
  const bound = new Proxy(counting, {
    get: (target, name) => {
      if (Object.hasOwn(target, name)) return Reflect.get(target, name) as unknown;
      const value: unknown = Reflect.get(store, name);
      return typeof value === "function" ? (value.bind(store) as unknown) : value;
    },
  });
  return { store: bound, seen };
}

/** Sends a file of so many bytes as fast as the connection takes them, and holds none of them. */
function sendBytes(
  port: number,
  path: string,
  headers: Readonly<Record<string, string | number>>,
  bytes: number,
): { answer: Promise<{ status: number; body: string }>; written: () => number } {
  const sending = request({
    port,
    host: "127.0.0.1",
    method: "PUT",
    path: `/v1/projects/p1/files/${path}`,
    headers: { ...AUTH, ...headers },
  });
  let written = 0;
  const write = (): void => {
    while (written < bytes) {
      written += MiB / 4;
      if (sending.write(Buffer.alloc(MiB / 4, 7))) continue;
      sending.once("drain", write);
      return;
    }
    sending.end();
  };
  const answer = new Promise<{ status: number; body: string }>((resolve, reject) => {
    sending.on("error", reject);
    sending.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
  });
  write();
  return { answer, written: () => written };
}

/** Bytes of buffers that are really in use. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

test("a body of 64 MiB goes through in both directions with bounded memory", async () => {
  const before = heldBytes();
  let peak = 0;
  let passed = 0;
  const sample = (bytes: number): void => {
    if (Math.floor((passed + bytes) / (4 * MiB)) > Math.floor(passed / (4 * MiB))) {
      peak = Math.max(peak, heldBytes() - before);
    }
    passed += bytes;
  };
  let counted: ReturnType<typeof countingStore> | undefined;
  const wrap = (store: ObjectStore): ObjectStore => {
    counted = countingStore(store, async (bytes) => sample(bytes));
    return counted.store;
  };
  http = await startHttp({ wrap });
  await makeProject(http, "p1");
  const { origin, port } = await listen(http);
  const url = `${origin}/v1/projects/p1/files/big.bin`;
  const put = await sendBytes(port, "big.bin", { "content-length": 64 * MiB }, 64 * MiB).answer;
  expect(put.status).toBe(201);
  expect(counted?.seen.bytes).toBe(64 * MiB);
  expect(JSON.parse(put.body)).toMatchObject({
    sizeBytes: 64 * MiB,
    sha256: counted?.seen.hash.digest("hex"),
  });
  const got = await fetch(url, { headers: AUTH });
  let received = 0;
  for await (const piece of (got.body ?? []) as AsyncIterable<Uint8Array>) {
    received += piece.length;
    sample(piece.length);
  }
  expect(received).toBe(64 * MiB);
  expect(peak).toBeLessThan(24 * MiB);
});

test("a store that is slow to take bytes slows the sender down instead of filling memory", async () => {
  const gate = Promise.withResolvers<void>();
  const pace = (): Promise<void> => gate.promise;
  http = await startHttp({ wrap: (store) => countingStore(store, pace).store });
  await makeProject(http, "p1");
  const { port } = await listen(http);
  const sending = sendBytes(port, "slow", { "content-length": 64 * MiB }, 64 * MiB);
  await sleep(300);
  expect(sending.written()).toBeLessThan(32 * MiB);
  gate.resolve();
  expect((await sending.answer).status).toBe(201);
});

test("a refused upload is answered while its body is still under way, and the connection goes on", async () => {
  http = await startHttp();
  await makeProject(http, "p1");
  const { port } = await listen(http);
  const body = "x".repeat(300_000);
  const put = (path: string, extra = ""): string =>
    `PUT /v1/projects/p1/files/${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\n` +
    `Content-Length: ${body.length}\r\n${extra}\r\n${body}`;
  const last = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const answer = await sendRaw(
    port,
    put("..") +
      put("a", "Authorization: x\r\n") +
      put("b", "Content-MD5: zz\r\n") +
      put("c") +
      last,
  );
  const statuses = [...(answer.head + answer.body).matchAll(/HTTP\/1\.1 (\d+)/g)].map(
    ([, one]) => one,
  );
  expect(statuses.at(0)).toBe("400");
  expect(statuses.at(-1)).toBe("200");
  expect(statuses).toHaveLength(5);
});

test("a file whose body was read in part and then refused leaves the connection in order", async () => {
  http = await startHttp();
  await makeProject(http, "p1");
  const { port } = await listen(http);
  let failing = true;
  http.objects.failures.fail = (call) => {
    if (call !== "uploadPart" || !failing) return null;
    failing = false;
    return new StoreError("throttled", "retryable", "slow down");
  };
  const body = "x".repeat(300_000);
  const put = (path: string, close: string): string =>
    `PUT /v1/projects/p1/files/${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\n` +
    `Content-Length: ${body.length}\r\n${close}\r\n${body}`;
  const answer = await sendRaw(port, put("a", "") + put("b", "Connection: close\r\n"));
  expect(answer.status).toBe(503);
  expect(answer.body).toContain("HTTP/1.1 201");
});

test("the fence ends an upload that is under way, and its sender is told so", async () => {
  http = await startHttp();
  await makeProject(http, "p1");
  const { port } = await listen(http);
  const sending = sendRaw(
    port,
    "PUT /v1/projects/p1/files/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\n" +
      "Content-Length: 10\r\nConnection: close\r\n\r\nhello",
  );
  await expect.poll(() => http.objects.snapshot().uploads.size).toBe(1);
  const deleted = await http.call({ method: "DELETE", url: "/v1/projects/p1" });
  expect(deleted.statusCode).toBe(200);
  const { status, body } = await sending;
  expect([status, JSON.parse(body)]).toMatchObject([409, { code: "project-not-active" }]);
});

test("a body without a length is stored, and one that is cut off leaves no file", async () => {
  http = await startHttp();
  await makeProject(http, "p1");
  const { port } = await listen(http);
  const head = (path: string): string =>
    `PUT /v1/projects/p1/files/${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\nConnection: close\r\n`;
  const chunked = `${head("chunked")}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n`;
  expect((await sendRaw(port, chunked)).status).toBe(201);
  const url = "/v1/projects/p1/files";
  expect((await http.call({ method: "GET", url: `${url}/chunked` })).body).toBe("hello!");
  await new Promise<void>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(`${head("cut")}Content-Length: 10\r\n\r\nhello`, () => {
        setTimeout(() => socket.destroy(), 50);
      });
    });
    socket.on("close", () => resolve());
  });
  await expect.poll(() => http.objects.snapshot().uploads.size).toBe(0);
  expectProblem(await http.call({ method: "GET", url: `${url}/cut` }), 404, "file-not-found");
  expect(http.log.events().filter(({ level }) => level === "error")).toEqual([]);
});

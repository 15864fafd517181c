import { createHash } from "node:crypto";
import { request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import type { Part, PartBody } from "../../src/ports/object-store.ts";
import {
  expectProblem,
  type HttpService,
  jsonOf,
  listen,
  makeProject,
  putFile,
  sendRaw,
  startHttp,
} from "./support.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";

let http: HttpService;
afterEach(() => http.close());

const MiB = 1024 * 1024;
const AUTH = { authorization: "Bearer admin" };

/** Counts and hashes what arrives instead of keeping it, and gives back zeros. */
function countingStore(store: ObjectStore, pace: () => Promise<void> = async () => {}) {
  const seen = { bytes: 0, hash: createHash("sha256") };
  const parts = new Map<string, Part>();
  const counting: ObjectStore = Object.create(store, {
    uploadPart: {
      value: async (key: string, uploadId: string, partNumber: number, part: PartBody) => {
        let bytes = 0;
        for await (const chunk of part.body) {
          await pace();
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

test("a body of 64 MiB goes through in both directions with bounded memory", async () => {
  let counted: ReturnType<typeof countingStore> | undefined;
  http = await startHttp({ wrap: (store) => (counted = countingStore(store)).store });
  await makeProject(http, "p1");
  const { origin } = await listen(http);
  const url = `${origin}/v1/projects/p1/files/big.bin`;
  const chunk = new Uint8Array(256 * 1024).fill(7);
  let peak = 0;
  const before = process.memoryUsage().arrayBuffers;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
  }, 5);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += chunk.length;
      controller.enqueue(chunk.slice());
      if (sent >= 64 * MiB) controller.close();
    },
  });
  let sent = 0;
  const put = await fetch(url, { method: "PUT", headers: AUTH, body, duplex: "half" });
  expect(put.status).toBe(201);
  expect(counted?.seen.bytes).toBe(64 * MiB);
  const file = (await put.json()) as { sha256: string; sizeBytes: number };
  expect(file).toMatchObject({ sizeBytes: 64 * MiB, sha256: counted?.seen.hash.digest("hex") });
  const got = await fetch(url, { headers: AUTH });
  let received = 0;
  for await (const piece of got.body ?? []) received += piece.length;
  clearInterval(watch);
  expect(received).toBe(64 * MiB);
  expect(peak).toBeLessThan(48 * MiB);
});

test("a store that is slow to take bytes slows the sender down instead of filling memory", async () => {
  let open = false;
  const pace = async (): Promise<void> => {
    while (!open) await sleep(5);
  };
  http = await startHttp({ wrap: (store) => countingStore(store, pace).store });
  await makeProject(http, "p1");
  const { port } = await listen(http);
  const bytes = 64 * MiB;
  const sending = request({
    port,
    host: "127.0.0.1",
    method: "PUT",
    path: "/v1/projects/p1/files/slow",
    headers: { ...AUTH, "content-length": bytes },
  });
  const answered = new Promise<number>((resolve, reject) => {
    sending.on("response", (response) => resolve(response.resume().statusCode ?? 0));
    sending.on("error", reject);
  });
  const chunk = Buffer.alloc(MiB);
  let written = 0;
  const write = (): void => {
    while (written < bytes) {
      written += chunk.length;
      if (!sending.write(chunk)) {
        sending.once("drain", write);
        return;
      }
    }
    sending.end();
  };
  write();
  await sleep(300);
  expect(written).toBeLessThan(32 * MiB);
  open = true;
  expect(await answered).toBe(201);
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

test("a caller that goes away during DELETE changes nothing: the deletion is completed", async () => {
  http = await startHttp();
  await makeProject(http, "p1");
  await putFile(http, "p1", "a", "x");
  let locked = true;
  http.objects.failures.refuse = () =>
    locked ? { result: "unknown", retryable: true, code: "throttled", message: "slow down" } : null;
  const { origin } = await listen(http);
  const leaving = fetch(`${origin}/v1/projects/p1`, {
    method: "DELETE",
    headers: AUTH,
    signal: AbortSignal.timeout(100),
  });
  await expect(leaving).rejects.toThrow();
  locked = false;
  const done = await http.call({ method: "DELETE", url: "/v1/projects/p1" });
  expect(jsonOf(done)).toMatchObject({ state: "completed", attempts: 1 });
});

test("a download that breaks in the store is broken off, not ended as if it were whole", async () => {
  http = await startHttp({
    wrap: (store) =>
      new Proxy(store, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name);
          if (name !== "get") {
            return typeof value === "function" ? (value.bind(target) as unknown) : value;
          }
          return async (key: string) => {
            const body = async function* () {
              yield new Uint8Array(3);
              throw new Error("the store broke off");
            };
            return { key, sizeBytes: 10, etag: "e", modifiedAt: 0, body: body() };
          };
        },
      }),
  });
  await makeProject(http, "p1");
  await putFile(http, "p1", "a", "0123456789");
  const { origin } = await listen(http);
  const got = await fetch(`${origin}/v1/projects/p1/files/a`, { headers: AUTH });
  expect(got.status).toBe(200);
  await expect(got.arrayBuffer()).rejects.toThrow();
  expect(http.log.lines.join("")).toContain("answer broken off");
});

test("closing answers who waits for a deletion with 202 and ends streams of events", async () => {
  http = await startHttp({ work: false });
  await makeProject(http, "p1");
  const { origin } = await listen(http);
  const waiting = fetch(`${origin}/v1/projects/p1`, { method: "DELETE", headers: AUTH });
  await expect
    .poll(
      async () =>
        (await http.services.projects.find({ subject: "admin", rights: new Set(["admin"]) }, "p1"))
          .state,
    )
    .toBe("trashed");
  const list = jsonOf(await http.call({ method: "GET", url: "/v1/deletions" }));
  const [{ id } = { id: "" }] = list["items"] as { id: string }[];
  const events = await fetch(`${origin}/v1/deletions/${id}/events`, { headers: AUTH });
  const startedAt = Date.now();
  const closed = http.app.close();
  const answer = await waiting;
  expect([answer.status, answer.headers.get("connection")]).toEqual([202, "close"]);
  expect(await answer.json()).toMatchObject({ id, state: "trashed" });
  expect(await events.text()).toContain("event: state");
  await closed;
  expect(Date.now() - startedAt).toBeLessThan(3000);
});

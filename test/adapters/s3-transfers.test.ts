import { createServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { utf8 } from "../../src/core/encoding.ts";
import { collect, pattern, refused } from "../contract/object-store/fixture.ts";
import { WireServer } from "../wire/server.ts";

const LARGE = pattern(20 * 1024 * 1024);
const HASTY_MS = 300;

const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const stop of stops.splice(0)) await stop();
});

/** A store that waits for nothing longer than it must, over a server of ours. */
async function hastyStore(): Promise<{ server: WireServer; store: S3ObjectStore }> {
  const server = await WireServer.start();
  server.makeBucket("b", { partBytesMin: 1 });
  const { endpoint, region, credentials } = server;
  const clock = new SystemClock();
  const timeouts = { callMs: 2000, idleMs: HASTY_MS, unreadMs: 4 * HASTY_MS };
  const store = new S3ObjectStore({
    bucket: "b",
    endpoint,
    region,
    ...credentials,
    clock,
    timeouts,
  });
  stops.push(async () => {
    store.close();
    await server.stop();
  });
  return { server, store };
}

/** A server that says nothing of itself: `answer` gets each connection. */
async function rawServer(answer: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    answer(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

function storeAt(endpoint: string, timeouts: Record<string, number> = {}): S3ObjectStore {
  const keys = { accessKeyId: "AKIAANYBODY000000000", secretAccessKey: "any secret" };
  const clock = new SystemClock();
  const place = { bucket: "b", endpoint, region: "us-east-1", ...keys, clock };
  const store = new S3ObjectStore({ ...place, timeouts: { callMs: HASTY_MS, ...timeouts } });
  stops.push(async () => store.close());
  return store;
}

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}

describe("a large body", () => {
  it("waits for a slow reader, though the store would not be waited for so long", async () => {
    const { server, store } = await hastyStore();
    await server.bucket("b").store.put("large", LARGE);
    const { body } = await store.get("large");
    const pieces: Uint8Array[] = [];
    for await (const piece of body) {
      if (pieces.length < 3) await pause(2 * HASTY_MS);
      pieces.push(piece);
    }
    expect(Buffer.concat(pieces).equals(LARGE)).toBe(true);
  });

  it("is given up where its reader left it alone, and says so to one who comes back", async () => {
    const { server, store } = await hastyStore();
    await server.bucket("b").store.put("large", LARGE);
    const { body } = await store.get("large");
    const reading = body[Symbol.asyncIterator]();
    expect((await reading.next()).done).toBe(false);
    await pause(6 * HASTY_MS);
    const rest = async (): Promise<void> => {
      while ((await reading.next()).done !== true);
    };
    expect((await refused(rest(), "timeout")).errorClass).toBe("retryable");
    expect(await reading.next()).toEqual({ done: true, value: undefined });
  });

  it("leaves no socket behind where nobody reads it, or not to its end", async () => {
    const { server, store } = await hastyStore();
    await server.bucket("b").store.put("large", LARGE);
    await server.bucket("b").store.put("small", LARGE.subarray(0, 1000));
    await store.head("large");
    const before = openSockets();
    const iterators = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const { body } = await store.get("large");
        const iterator = body[Symbol.asyncIterator]();
        if (i % 2 === 0) await iterator.next();
        return iterator;
      }),
    );
    expect(openSockets()).toBeGreaterThan(before + 20);
    await Promise.all(iterators.map(async (iterator) => await iterator.return?.()));
    // A small one was read before anybody asked for its bytes.
    await Promise.all(Array.from({ length: 20 }, async () => await store.get("small")));
    store.close();
    await server.stop();
    await expect.poll(openSockets, { timeout: 5000 }).toBeLessThanOrEqual(before);
  });
});

describe("a part on its way to the store", () => {
  it("is not waited for any more once the store has refused it", async () => {
    const { store } = await hastyStore();
    const uploadId = await store.createUpload("k", "text/plain");
    const { promise: refusedEarly, resolve } = Promise.withResolvers<void>();
    let isLetGo = false;
    const endpoint = await rawServer((socket) => {
      socket.once("data", () => {
        const body = "<Error><Code>NoSuchUpload</Code></Error>";
        socket.write(`HTTP/1.1 404 Not Found\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      });
    });
    const body = (async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield utf8("first ");
        yield utf8("second ");
        // A client that has stopped sending, and does so until this test ends.
        await refusedEarly;
        yield utf8("third");
      } finally {
        isLetGo = true;
      }
    })();
    const early = storeAt(endpoint, { callMs: 10_000 });
    await refused(early.uploadPart("k", uploadId, 1, { body, sizeBytes: 18 }), "no-such-upload");
    resolve();
    await expect.poll(() => isLetGo).toBe(true);
  });

  it("is no part where the store answers with success before it was sent", async () => {
    const endpoint = await rawServer((socket) => {
      socket.once("data", () => {
        socket.write('HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 0\r\n\r\n');
      });
    });
    const { promise: forever } = Promise.withResolvers<void>();
    const body = (async function* (): AsyncGenerator<Uint8Array> {
      yield utf8("first ");
      yield utf8("second ");
      await forever;
    })();
    const sent = storeAt(endpoint).uploadPart("k", "id", 1, { body, sizeBytes: 18 });
    expect((await refused(sent, "unlisted-reply")).errorClass).toBe("unknown");
  });

  it("gives up a store that takes no more bytes, and waits for a slow source", async () => {
    const stuck = await rawServer((socket) => socket.pause());
    const endless = (async function* (): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(1024 * 1024);
    })();
    const hasty = storeAt(stuck, { idleMs: HASTY_MS, callMs: 60_000 });
    const part = { body: endless, sizeBytes: 1024 ** 3 };
    expect((await refused(hasty.uploadPart("k", "id", 1, part), "timeout")).errorClass).toBe(
      "retryable",
    );
    const { store } = await hastyStore();
    const uploadId = await store.createUpload("k", "text/plain");
    const slow = (async function* (): AsyncGenerator<Uint8Array> {
      for (const piece of ["one ", "two ", "three"]) {
        await pause(2 * HASTY_MS);
        yield utf8(piece);
      }
    })();
    const sent = await store.uploadPart("k", uploadId, 1, { body: slow, sizeBytes: 13 });
    await store.completeUpload("k", uploadId, [sent]);
    expect(Buffer.from(await collect((await store.get("k")).body)).toString()).toBe(
      "one two three",
    );
  });
});

describe("a store that hangs", () => {
  it("is given up while it says nothing, or only the beginning", async () => {
    const silent = await rawServer(() => undefined);
    expect((await refused(storeAt(silent).list(""), "timeout")).errorClass).toBe("retryable");
    const halting = await rawServer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<ListBucketResult>");
    });
    await refused(storeAt(halting).list(""), "timeout");
  });

  it("is given up where TLS does not come about", async () => {
    const endpoint = (await rawServer(() => undefined)).replace("http:", "https:");
    const store = storeAt(endpoint, { connectMs: HASTY_MS, callMs: 60_000 });
    await refused(store.head("a"), "timeout");
  });

  it("is no S3 where it speaks something else, and no listing is empty for it", async () => {
    const ssh = await rawServer((socket) => socket.end("SSH-2.0-OpenSSH_9.7\r\n"));
    await refused(storeAt(ssh).list(""), "listing-broken");
    const page = await rawServer((socket) => {
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n<html><body>Hi</body></htm");
    });
    await refused(storeAt(page).list(""), "listing-broken");
  });
});

describe("a store without keys of its own", () => {
  it("says that AWS's chain has none, and does so before it asks the store", async () => {
    for (const name of Object.keys(process.env)) {
      if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
    }
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    vi.stubEnv("AWS_CONFIG_FILE", "/nonexistent");
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
    let asked = 0;
    const endpoint = await rawServer(() => asked++);
    const store = new S3ObjectStore({
      bucket: "b",
      endpoint,
      region: "us-east-1",
      clock: new SystemClock(),
    });
    stops.push(async () => store.close());
    expect((await refused(store.list(""), "invalid-credentials")).errorClass).toBe("blocked");
    expect(asked).toBe(0);
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAFROMENVIRONMENT0");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
    const { url } = (await store.presignGet("k", 60_000, "x")) ?? { url: "" };
    expect(new URL(url).searchParams.get("X-Amz-Credential")).toMatch(/^AKIAFROMENVIRONMENT0\//);
  });
});

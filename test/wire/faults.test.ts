import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { sendRaw } from "./client.ts";
import {
  cutReply,
  emptyReplyBody,
  entryErrors,
  errorIn200,
  falselyDeleted,
  ignoreRange,
  inVain,
  late,
  leaveOut,
  loseReply,
  malformedReply,
  proxyPage,
  refuse,
  refuseWith,
  shortBody,
  silence,
  twice,
} from "./fault-kinds.ts";
import type { FaultTarget } from "./faults.ts";
import { BUCKET, failureOf, refusalOf, useWire, type Wire } from "./fixture.ts";

const start = useWire();
const BYTES = new TextEncoder().encode("0123456789");

function put({ client }: Wire, Key = "k", abortSignal?: AbortSignal): Promise<unknown> {
  const command = new PutObjectCommand({ Bucket: BUCKET, Key, Body: "put" });
  return client.send(command, abortSignal ? { abortSignal } : {});
}

function keys({ server }: Wire): string[] {
  return [...server.bucket(BUCKET).store.snapshot().objects.keys()];
}

async function get({ client }: Wire, Range?: string): Promise<string | undefined> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: "k", Range }));
  return await Body?.transformToString();
}

function remove({ client }: Wire, ...names: readonly string[]) {
  const Objects = names.map((Key) => ({ Key }));
  return client.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects } }));
}

const PUT: FaultTarget = { operation: "PutObject", times: 1 };

describe("a planned fault", () => {
  it("hits the requests that it is meant for, as often as it says, and is seen in the log", async () => {
    const wire = await start();
    const target = {
      ...PUT,
      times: 2,
      bucket: BUCKET,
      key: (key: string) => key.startsWith("hit/"),
    };
    const planned = wire.server.faults.plan(target, refuseWith("InternalError"));
    await put(wire, "spared");
    expect(await refusalOf(put(wire, "hit/1"))).toEqual([500, "InternalError"]);
    expect(await refusalOf(put(wire, "hit/2"))).toEqual([500, "InternalError"]);
    await put(wire, "hit/3");
    expect(planned.hits).toBe(2);
    expect(keys(wire)).toEqual(["hit/3", "spared"]);
    expect(wire.server.requests.PutObject).toBe(4);
    expect(
      wire.server.logOf("PutObject").map(({ key, status, fault }) => [key, status, fault]),
    ).toEqual([
      ["spared", 200, null],
      ["hit/1", 500, "refuse 500 InternalError"],
      ["hit/2", 500, "refuse 500 InternalError"],
      ["hit/3", 200, null],
    ]);
    wire.server.faults.plan({ operation: "any" }, refuseWith("SlowDown"));
    expect(await refusalOf(get(wire))).toEqual([503, "SlowDown"]);
    wire.server.faults.clear();
    await put(wire);
  });

  it("hits by chance where it has a rate, the same requests for the same seed", async () => {
    const run = async (seed: number) => {
      const wire = await start({ seed });
      wire.server.faults.plan({ operation: "PutObject", rate: 0.3 }, refuseWith("SlowDown"));
      const ends = [];
      for (let i = 0; i < 40; i++)
        ends.push(
          await put(wire).then(
            () => ".",
            () => "x",
          ),
        );
      return ends.join("");
    };
    const once = await run(7);
    expect(await run(7)).toBe(once);
    expect(await run(8)).not.toBe(once);
    expect(once.replaceAll(".", "").length).toBeGreaterThan(4);
    expect(once.replaceAll("x", "").length).toBeGreaterThan(15);
  });
});

describe("a fault before the effect", () => {
  it("answers with any status, code and header, and nothing happens", async () => {
    const wire = await start();
    wire.server.faults.plan(PUT, refuseWith("SlowDown", { "retry-after": "7" }));
    const slow = await sendRaw(wire.server, { method: "PUT", path: `/${BUCKET}/k`, body: "x" });
    expect([slow.status, slow.code, slow.headers["retry-after"]]).toEqual([503, "SlowDown", "7"]);
    expect(slow.text).toMatch(/<Message>.+<\/Message><RequestId>.+<\/RequestId>/);
    wire.server.faults.plan(PUT, refuse(429, "TooManyRequests"));
    expect(await refusalOf(put(wire))).toEqual([429, "TooManyRequests"]);
    wire.server.faults.plan(PUT, refuseWith("AccessDenied"));
    expect(await refusalOf(put(wire))).toEqual([403, "AccessDenied"]);
    wire.server.faults.plan(PUT, proxyPage(502));
    const page = await sendRaw(wire.server, { method: "PUT", path: `/${BUCKET}/k`, body: "x" });
    expect([page.status, page.headers["content-type"]]).toEqual([502, "text/html"]);
    expect(keys(wire)).toEqual([]);
  });

  it("is silence on an open connection, until the client gives up", async () => {
    const wire = await start();
    const planned = wire.server.faults.plan(PUT, silence());
    const given = new AbortController();
    const putting = failureOf(put(wire, "k", given.signal));
    await expect.poll(() => planned.hits).toBe(1);
    given.abort();
    expect(await putting).toContain("AbortError");
    expect(keys(wire)).toEqual([]);
    expect(wire.server.logOf("PutObject")[0]?.status).toBeNull();
  });
});

describe("a fault behind the effect", () => {
  it("resets or closes the connection before a word of the answer", async () => {
    const wire = await start();
    for (const end of ["reset", "close"] as const) {
      wire.server.faults.plan(PUT, loseReply(end));
      expect(await failureOf(put(wire, end))).toContain("ECONNRESET");
    }
    expect(keys(wire)).toEqual(["close", "reset"]);
  });

  it("leaves the client waiting for an answer that does not come", async () => {
    const wire = await start();
    wire.server.faults.plan(PUT, loseReply("hang"));
    const given = new AbortController();
    const putting = failureOf(put(wire, "k", given.signal));
    await expect.poll(() => keys(wire)).toEqual(["k"]);
    given.abort();
    expect(await putting).toContain("AbortError");
  });

  it("lets the effect come when the test says so, long after the client has gone", async () => {
    const wire = await start();
    const { promise, resolve } = Promise.withResolvers<void>();
    const fault = late(promise);
    const planned = wire.server.faults.plan(PUT, fault);
    const given = new AbortController();
    const putting = failureOf(put(wire, "k", given.signal));
    await expect.poll(() => planned.hits).toBe(1);
    given.abort();
    expect(await putting).toContain("AbortError");
    expect(keys(wire)).toEqual([]);
    resolve();
    await fault.hasLanded;
    expect(keys(wire)).toEqual(["k"]);
  });

  it("lets the effect happen twice", async () => {
    const wire = await start({}, { versioning: "enabled" });
    wire.server.faults.plan(PUT, twice());
    await put(wire);
    expect(await wire.server.bucket(BUCKET).versionsOf("k")).toHaveLength(2);
  });

  it("cuts the answer in the midst of its body, by reset, close or silence", async () => {
    const wire = await start();
    await wire.server.bucket(BUCKET).store.put("k", BYTES);
    for (const end of ["reset", "close"] as const) {
      wire.server.faults.plan({ operation: "GetObject", times: 1 }, cutReply(end));
      expect(await failureOf(get(wire))).toMatch(/ECONNRESET|aborted/);
    }
    wire.server.faults.plan({ operation: "GetObject", times: 1 }, cutReply("hang", 0.3));
    const { Body } = await wire.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: "k" }));
    const stream = Body?.transformToWebStream().getReader();
    expect(new TextDecoder().decode((await stream?.read())?.value as Uint8Array)).toBe("012");
    const over = await Promise.race([
      stream?.read(),
      new Promise((resolve) => setTimeout(resolve, 50, "open")),
    ]);
    expect(over).toBe("open");
  });

  it("gives a body that is shorter than its range, or not the range at all", async () => {
    const wire = await start();
    await wire.server.bucket(BUCKET).store.put("k", BYTES);
    wire.server.faults.plan({ operation: "GetObject", times: 1 }, shortBody(2));
    expect(await get(wire, "bytes=0-5")).toBe("0123");
    wire.server.faults.plan({ operation: "GetObject", times: 1 }, ignoreRange());
    expect(await get(wire, "bytes=0-5")).toBe("0123456789");
  });

  it("says that it failed, in the body of a 200, with or without the effect", async () => {
    const wire = await start();
    const target = { operation: "DeleteObjects", times: 1 } as const;
    await wire.server.bucket(BUCKET).store.put("k", BYTES);
    for (const [effect, left] of [
      [false, ["k"]],
      [true, []],
    ] as const) {
      wire.server.faults.plan(target, errorIn200("InternalError", { effect }));
      // The SDK makes a 503 of it.
      expect(await refusalOf(remove(wire, "k"))).toEqual([503, "InternalError"]);
      expect(wire.server.log.at(-1)?.status).toBe(200);
      expect(keys(wire)).toEqual(left);
    }
  });

  it("spoils the document: nothing, or half of it", async () => {
    const wire = await start();
    const list = { method: "GET", path: `/${BUCKET}`, query: "list-type=2" };
    const whole = await sendRaw(wire.server, list);
    wire.server.faults.plan({ operation: "ListObjectsV2", times: 1 }, malformedReply());
    const half = await sendRaw(wire.server, list);
    expect([half.status, half.text]).toEqual([200, whole.text.slice(0, half.text.length)]);
    expect(half.text).not.toContain("</ListBucketResult>");
    wire.server.faults.plan({ operation: "ListObjectsV2", times: 1 }, emptyReplyBody());
    const empty = await sendRaw(wire.server, list);
    expect([empty.status, empty.text]).toEqual([200, ""]);
  });
});

describe("a fault of single keys", () => {
  it("is an error for some, which stay", async () => {
    const wire = await start();
    for (const key of ["a", "b", "c"]) await wire.server.bucket(BUCKET).store.put(key, BYTES);
    const fault = entryErrors("InternalError", (key) => key === "b");
    wire.server.faults.plan(
      { operation: "DeleteObjects", times: 1, key: (key) => key === "c" },
      fault,
    );
    const { Deleted, Errors } = await remove(wire, "a", "b", "c");
    expect(Deleted?.map(({ Key }) => Key)).toEqual(["a", "c"]);
    expect(Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([["b", "InternalError"]]);
    expect(keys(wire)).toEqual(["b"]);
  });

  it("is a reply that calls some deleted, and they stay", async () => {
    const wire = await start();
    for (const key of ["a", "b"]) await wire.server.bucket(BUCKET).store.put(key, BYTES);
    const target = { operation: "any", times: 1 } as const;
    wire.server.faults.plan(
      target,
      falselyDeleted((key) => key === "b"),
    );
    expect((await remove(wire, "a", "b")).Deleted?.map(({ Key }) => Key)).toEqual(["a", "b"]);
    expect(keys(wire)).toEqual(["b"]);
    wire.server.faults.plan(target, inVain());
    await wire.client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: "b" }));
    expect(keys(wire)).toEqual(["b"]);
  });

  it("is a reply that does not mention some, whether they are removed or not", async () => {
    const wire = await start();
    for (const key of ["a", "b"]) await wire.server.bucket(BUCKET).store.put(key, BYTES);
    const target = { operation: "DeleteObjects", times: 1 } as const;
    wire.server.faults.plan(
      target,
      leaveOut((key) => key === "b"),
    );
    expect((await remove(wire, "a", "b")).Deleted?.map(({ Key }) => Key)).toEqual(["a"]);
    expect(keys(wire)).toEqual(["b"]);
    wire.server.faults.plan(
      target,
      leaveOut(() => true, true),
    );
    const { Deleted, Errors } = await remove(wire, "b");
    expect([Deleted, Errors, keys(wire)]).toEqual([undefined, undefined, []]);
  });
});

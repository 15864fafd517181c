import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/core/encoding.ts";
import { type Dialect, dialectOf } from "../wire/dialects.ts";
import type { S3Code } from "../wire/errors.ts";
import { entryErrors, errorIn200, leaveOut, refuse } from "../wire/fault-kinds.ts";
import type { Fault } from "../wire/fault.ts";
import { type S3OnWire, useS3OnWire } from "./s3-faults-fixture.ts";

const start = useS3OnWire();
const BATCH = { operation: "DeleteObjects", times: 1 } as const;
const KEYS = ["k/1", "k/2", "k/3"];
const GONE = { result: "gone" } as const;
const UNLISTED = { result: "unknown", retryable: true, code: "unlisted-reply" };

async function filled(...more: Parameters<typeof start>): Promise<S3OnWire> {
  const subject = await start(...more);
  for (const key of KEYS) await subject.bucket.store.put(key, utf8("x"));
  return subject;
}

function left({ bucket }: S3OnWire): string[] {
  return [...bucket.store.snapshot().objects.keys()];
}

/** Puts words into a good reply. */
function edited(change: (text: string) => string): Fault {
  return {
    name: "edited",
    edit: (reply) => ({ ...reply, body: utf8(change(Buffer.from(reply.body).toString())) }),
  };
}

describe("the S3 store's removals", () => {
  it("answer key by key what the reply says of each, whatever it says of the others", async () => {
    const denied = (message: string) => ["AccessDenied", message] as const;
    for (const [[code, message], verdict] of [
      [["InternalError", "x"], { result: "unknown", retryable: true, code: "store-unavailable" }],
      [["SlowDown", "x"], { result: "unknown", retryable: true, code: "throttled" }],
      [["TooManyRequests", "x"], { result: "unknown", retryable: true, code: "throttled" }],
      [denied("Access Denied"), { result: "blocked", retryable: false, code: "access-denied" }],
      [
        denied("Access Denied because object protected by object lock."),
        { result: "blocked", retryable: false, code: "object-locked" },
      ],
      [
        ["ObjectLockedByBucketPolicy", "x"],
        { result: "blocked", retryable: false, code: "object-locked" },
      ],
      [["NoSuchKey", "x"], GONE],
      [["InvalidArgument", "x"], { result: "failed", retryable: false, code: "bad-request" }],
      [["NeverHeardOf", "x"], { result: "unknown", retryable: false, code: "unlisted-reply" }],
    ] as const) {
      const subject = await filled();
      const fault = entryErrors(code as S3Code, (key) => key === "k/2", message);
      subject.server.faults.plan(BATCH, fault);
      expect(await subject.store.remove(KEYS), code).toEqual([
        { key: "k/1", ...GONE },
        expect.objectContaining({ key: "k/2", ...verdict }),
        { key: "k/3", ...GONE },
      ]);
      expect(left(subject)).toEqual(["k/2"]);
    }
  });

  it("take a key that the reply does not mention for unknown, be it some or all", async () => {
    const some = await filled();
    some.server.faults.plan(
      BATCH,
      leaveOut((key) => key !== "k/2"),
    );
    expect(await some.store.remove(KEYS)).toMatchObject([
      { key: "k/1", ...UNLISTED },
      { key: "k/2", ...GONE },
      { key: "k/3", ...UNLISTED },
    ]);
    const all = await filled();
    all.server.faults.plan(
      BATCH,
      leaveOut(() => true, true),
    );
    expect(await all.store.remove(KEYS)).toMatchObject(KEYS.map((key) => ({ key, ...UNLISTED })));
  });

  it("take a key that is called deleted and failed at once for failed", async () => {
    const { server, store } = await filled();
    const error = "<Error><Key>k/1</Key><Code>InternalError</Code><Message/></Error>";
    for (const put of [
      (text: string) => text.replace("<Deleted>", `${error}<Deleted>`),
      (text: string) => text.replace("</DeleteResult>", `${error}</DeleteResult>`),
    ]) {
      server.faults.plan(BATCH, edited(put));
      const results = await store.remove(KEYS);
      expect(results.map(({ result }) => result)).toEqual(["unknown", "gone", "gone"]);
    }
  });

  it("give no heed to keys that nobody asked about", async () => {
    const { server, store } = await filled();
    const foreign = "<Deleted><Key>k/10</Key></Deleted><Error><Key>z</Key><Code>X</Code></Error>";
    server.faults.plan(
      BATCH,
      edited((text) =>
        text
          .replace("<Key>k/1</Key>", "<Key>k/1 </Key>")
          .replace("</DeleteResult>", `${foreign}</DeleteResult>`),
      ),
    );
    expect(await store.remove(KEYS)).toMatchObject([
      { key: "k/1", ...UNLISTED },
      { key: "k/2", ...GONE },
      { key: "k/3", ...GONE },
    ]);
  });

  it("call nothing gone that a cut reply does not name, wherever it is cut", async () => {
    const { server, store } = await filled();
    const target = { operation: "DeleteObjects" } as const;
    let whole = 0;
    const see = edited((text) => {
      whole = text.length;
      return text;
    });
    server.faults.plan({ ...target, times: 1 }, see);
    await store.remove(KEYS);
    for (let bytes = 1; bytes < whole; bytes += 7) {
      server.faults.clear();
      let shown = "";
      server.faults.plan(
        target,
        edited((text) => (shown = text.slice(0, bytes))),
      );
      const results = await store.remove(KEYS).catch(() => []);
      for (const { key, result } of results) {
        if (result === "gone") expect(shown).toContain(`<Key>${key}</Key></Deleted>`);
      }
    }
  });

  it("throw where the whole request failed, also in a 200, since any key may be gone", async () => {
    const { server, store } = await filled();
    for (const effect of [false, true]) {
      server.faults.plan(BATCH, errorIn200("InternalError", { effect }));
      await expect(store.remove(KEYS)).rejects.toMatchObject({ errorClass: "retryable" });
    }
  });

  it("use Content-MD5 where the store wants it, and remember that", async () => {
    for (const dialect of [
      dialectOf("r2", { removalDigests: ["md5"] }),
      dialectOf("aws", { removalDigests: ["md5"] }),
    ]) {
      const subject = await filled({ dialect });
      expect((await subject.store.capabilities()).checksum).toBe("crc32");
      expect(await subject.store.remove(KEYS)).toEqual(KEYS.map((key) => ({ key, ...GONE })));
      expect(left(subject)).toEqual([]);
      expect((await subject.store.capabilities()).checksum).toBe("content-md5");
      await subject.store.remove(KEYS);
      expect(subject.server.logOf("DeleteObjects").map(({ status }) => status)).toEqual([
        501, 200, 200,
      ]);
    }
  });

  it("remove what no document can carry by requests of its own, on every kind of store", async () => {
    const odd = ["\u0001", "a\rb", " ", "tab\t", "\uFFFF", "\n"].map((key) => `odd/${key}`);
    const dialects: readonly Dialect[] = [dialectOf("aws"), dialectOf("ceph"), dialectOf("r2")];
    for (const dialect of dialects) {
      const subject = await filled({ dialect });
      for (const key of odd) await subject.bucket.store.put(key, utf8("x"));
      const keys = [...KEYS, ...odd];
      expect(await subject.store.remove(keys)).toEqual(keys.map((key) => ({ key, ...GONE })));
      expect(left(subject)).toEqual([]);
    }
  });

  it("throw what refuses a batch whole, for its caller to split it", async () => {
    const { server, store } = await filled();
    server.faults.plan({ ...BATCH, times: 2 }, refuse(400, "", {}));
    await expect(store.remove(KEYS)).rejects.toMatchObject({ errorClass: "permanent" });
    server.faults.plan({ ...BATCH, times: 2 }, refuse(400, "MalformedXML"));
    await expect(store.remove(KEYS)).rejects.toMatchObject({
      code: "bad-request",
      errorClass: "permanent",
    });
  });

  it("are told apart by version, and blocked by a hold on one of them", async () => {
    const subject = await start({}, { versioning: "enabled", objectLock: true });
    const { store, bucket, server } = subject;
    await bucket.store.put("v", utf8("one"));
    await bucket.store.put("v", utf8("two"));
    const [newest, oldest] = (await store.listVersions("v")).entries;
    if (!newest || !oldest) throw new Error("there are two versions");
    bucket.holds.add(`v\0${oldest.versionId}`);
    const held = { result: "blocked", retryable: false, code: "object-locked" };
    expect(await store.removeVersions([newest, oldest])).toMatchObject([
      { versionId: newest.versionId, ...GONE },
      { versionId: oldest.versionId, ...held },
    ]);
    expect(await store.removeVersions([oldest])).toMatchObject([held]);
    server.faults.plan(
      BATCH,
      leaveOut(() => true),
    );
    expect(await store.removeVersions([newest, oldest])).toMatchObject([UNLISTED, UNLISTED]);
  });
});

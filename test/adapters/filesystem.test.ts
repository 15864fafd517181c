import { execFileSync } from "node:child_process";
import { lstat, mkdir, readFile, readdir, rename, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/core/encoding.ts";
import {
  collect,
  keysOf,
  make,
  pattern,
  put,
  read,
  readText,
  refused,
  sendPart,
} from "../contract/object-store/fixture.ts";
import { SPECIAL_KEYS, SPECIAL_WHOLE_KEYS } from "../contract/object-store/special-keys.ts";
import { filesBelow, openStore, usePlace, watched } from "./filesystem/fixture.ts";

const UID = "01jd8h5z3k7m9n2p4q6r8s0t1v";
const FILE = "01jd8h6a4m8n0p3q5r7s9t2v4w";

const HOSTILE_KEYS: readonly string[] = [
  // Those with hundreds of levels take their time, and are in the contract.
  ...SPECIAL_WHOLE_KEYS.filter((key) => key.split("/").length < 100),
  ...SPECIAL_KEYS.filter((key) => /[.%\\/\0]/.test(key) && key !== ".expunge"),
  "../outside/secret",
  "../outside",
  "../store/../outside/secret",
  "x/../../outside/secret",
  "./../outside/secret",
  "..//outside/secret",
  "/../outside/secret",
  "../outside/secret\0",
  "../outside/secret\0.jpg",
  "..\0/outside/secret",
  "..%2Foutside%2Fsecret",
  "%2e%2e/outside/secret",
  "%2E%2E/outside/secret",
  "%252E%252E/outside/secret",
  "..%00/outside/secret",
  "..\\outside\\secret",
  "..;/outside/secret",
  "\u2025/outside/secret",
  "\uFF0E\uFF0E/outside/secret",
  "..\u2215outside\u2215secret",
  ".expunge/../../outside/secret",
  ".expunge/tombstones/../../../outside/secret",
  "..%+/outside/secret",
  `${"x".repeat(253)}%+/../../outside/secret`,
  `${"../".repeat(50)}outside/secret`,
];

describe("the local store's directory", () => {
  const place = usePlace();

  it("holds the object of a canonical key at exactly that path", async () => {
    const store = await openStore(place.root);
    await make(store, `projects/${UID}/${FILE}`, "bytes");
    expect(await readFile(join(place.root, "projects", UID, FILE), "utf8")).toBe("bytes");
    expect(await filesBelow(place.root)).toEqual([
      "projects/",
      `projects/${UID}/`,
      `projects/${UID}/${FILE}`,
    ]);
    expect(store.identity).toEqual({ kind: "file", bucket: place.root, prefix: "" });
  });

  it("can be read with ls: only what no file can be named is written otherwise", async () => {
    const store = await openStore(place.root);
    const plain = ["a b/c+d%e", "50%/\u00e9\u{1F600}", "%2e", "a%2Fb", "tab\there", "..."];
    await put(store, ...plain, "up/../x", "here/./x", "end/", "nul\0", "%25");
    const written = ["up/%2E%2E/x", "here/%2E/x", "end/%_", "nul%00", "%2525"];
    for (const path of [...plain, ...written]) {
      expect((await lstat(join(place.root, path))).isFile(), path).toBe(true);
    }
  });

  it("is not left with any of many hostile keys", async () => {
    const store = await openStore(place.root);
    expect(HOSTILE_KEYS.length).toBeGreaterThanOrEqual(60);
    for (const key of HOSTILE_KEYS) {
      await make(store, key, `hostile ${key}`);
      expect(await readText(store, key)).toBe(`hostile ${key}`);
      await store.put(key, utf8("put"));
      expect((await filesBelow(place.root)).filter((path) => !path.endsWith("/"))).toHaveLength(1);
      expect(await readdir(join(place.root, ".."))).toEqual(["outside", "store"]);
      expect(await filesBelow(place.outside)).toEqual(["secret"]);
      expect(await readFile(join(place.outside, "secret"), "utf8")).toBe("secret");
      await store.remove([key]);
      expect(await filesBelow(place.root)).toEqual([]);
    }
  });

  it("keeps uploads and temporary files apart from objects", async () => {
    const store = await openStore(place.root);
    const uploadId = await store.createUpload("real", "text/plain");
    await sendPart(store, "real", uploadId, 1, "part");
    await writeFile(join(place.root, ".expunge/tmp/left"), "left by a crash");
    await put(store, ".expunge/tombstones/t.json", ".expunge/uploadsx", ".expunge/tmpx");
    const own = [".expunge/tmpx", ".expunge/tombstones/t.json", ".expunge/uploadsx"];
    expect(await keysOf(store, "")).toEqual(own);
    expect(await keysOf(store, ".expunge/uploads/")).toEqual([]);
    const meta = `.expunge/uploads/${uploadId}/meta.json`;
    for (const key of [meta, ".expunge/tmp/left", ".expunge/uploads", ".expunge/tmp"]) {
      await refused(store.get(key), "no-such-key");
      await refused(store.head(key), "no-such-key");
      await refused(store.put(key, utf8("x")), "invalid-key");
      await refused(store.createUpload(key, "text/plain"), "invalid-key");
      expect(await store.remove([key])).toEqual([{ key, result: "gone" }]);
    }
    expect(await store.listParts("real", uploadId)).toHaveLength(1);
    await store.remove(own);
    expect(await keysOf(store, "")).toEqual([]);
    await put(store, "still/works");
  });

  it("has no empty directories left after a removal, but those of expunge itself", async () => {
    const store = await openStore(place.root);
    await put(store, "a/b/c/d", "a/b/x", "e/f/g");
    await mkdir(join(place.root, "a/empty/deep"), { recursive: true });
    await store.remove(["a/b/c/d", "e/f/g"]);
    expect(await filesBelow(place.root)).toEqual([
      "a/",
      "a/b/",
      "a/b/x",
      "a/empty/",
      "a/empty/deep/",
    ]);
    expect(await keysOf(store, "")).toEqual(["a/b/x"]);
    await store.remove(["a/empty/deep/x", "a/b/x"]);
    expect(await filesBelow(place.root)).toEqual([]);
    expect((await readdir(join(place.root, ".expunge"))).sort()).toEqual(["tmp", "uploads"]);
  });

  it("keeps no file open of a body that is let go, at whatever point", async () => {
    const open = new Set<object>();
    const store = await openStore(
      place.root,
      watched(() => undefined, open),
    );
    await make(store, "large", pattern(1024 * 1024));
    const { body } = await store.get("large");
    expect(open.size).toBe(1);
    await body[Symbol.asyncIterator]().return?.();
    expect(open.size).toBe(0);
    for await (const _ of (await store.get("large")).body) break;
    expect(open.size).toBe(0);
    await read(store, "large");
    await store.get("large", { start: 0, end: 10 });
    await refused(store.get("large", { start: 1e9, end: 1e9 }), "invalid-range");
    const signal = AbortSignal.abort();
    const aborted = store.get("large", undefined, signal).then(({ body }) => collect(body));
    await expect(aborted).rejects.toThrow();
    expect(open.size).toBe(0);
  });

  it("takes the place of an empty directory by an object", async () => {
    const store = await openStore(place.root);
    await mkdir(join(place.root, "was/empty"), { recursive: true });
    await put(store, "was/empty");
    expect(await readText(store, "was/empty")).toBe("content of was/empty");
  });
});

describe("links and other things that are no files", () => {
  const place = usePlace();

  it("lists links as objects and removes only the link", async () => {
    const store = await openStore(place.root);
    await put(store, "dir/target");
    const links = {
      "l/dangling": "nowhere",
      "l/directory": "../dir",
      "l/file": "../dir/target",
      "l/loop": "loop",
      "l/outside": join(place.outside, "secret"),
      "l/outside-dir": place.outside,
    };
    await mkdir(join(place.root, "l"));
    for (const [key, to] of Object.entries(links)) await symlink(to, join(place.root, key));
    const keys = Object.keys(links);
    expect(await keysOf(store, "l/")).toEqual(keys);
    for (const [key, to] of Object.entries(links)) {
      expect((await store.head(key)).sizeBytes).toBe(utf8(to).length);
      const error = await refused(store.get(key), "bad-request");
      expect(error.errorClass).toBe("blocked");
    }
    expect(await store.remove(keys)).toEqual(keys.map((key) => ({ key, result: "gone" })));
    expect(await keysOf(store, "")).toEqual(["dir/target"]);
    expect(await readFile(join(place.outside, "secret"), "utf8")).toBe("secret");
  });

  it("reaches nothing through a link to a directory", async () => {
    const store = await openStore(place.root);
    await put(store, "mine/secret");
    await symlink(place.outside, join(place.root, "link"));
    await symlink("mine", join(place.root, "inner"));
    for (const key of ["link/secret", "inner/secret"]) {
      await refused(store.head(key), "no-such-key");
      await refused(store.get(key), "no-such-key");
      expect(await store.remove([key])).toEqual([{ key, result: "gone" }]);
      await refused(store.put(key, utf8("x")), "key-conflict");
      await refused(make(store, key, "x"), "key-conflict");
      await refused(make(store, key.replace("secret", "new/deep"), "x"), "key-conflict");
    }
    expect(await keysOf(store, "link/")).toEqual([]);
    expect(await keysOf(store, "")).toEqual(["inner", "link", "mine/secret"]);
    expect(await filesBelow(place.outside)).toEqual(["secret"]);
    expect(await readText(store, "mine/secret")).toBe("content of mine/secret");
  });

  it("does not follow a link that takes a directory's place during a listing", async () => {
    const store = await openStore(place.root);
    await put(store, "a/1", "b/secret", "c/1");
    const { next } = await store.list("", { limit: 1 });
    await rename(join(place.root, "b"), join(place.root, "../b"));
    await symlink(place.outside, join(place.root, "b"));
    const rest = await store.list("", { cursor: next ?? "" });
    expect(rest.entries.map(({ key }) => key)).toEqual(["c/1"]);
  });

  it("puts an object in the place of a link, and not where it leads", async () => {
    const store = await openStore(place.root);
    await symlink(join(place.outside, "secret"), join(place.root, "link"));
    await make(store, "link", "mine");
    expect(await readText(store, "link")).toBe("mine");
    expect(await readFile(join(place.outside, "secret"), "utf8")).toBe("secret");
  });

  it("lists and removes pipes and sockets, and never opens them", async () => {
    const store = await openStore(place.root);
    execFileSync("mkfifo", [join(place.root, "pipe")]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(place.root, "socket"), resolve));
    expect(await keysOf(store, "")).toEqual(["pipe", "socket"]);
    await refused(store.get("pipe"), "bad-request");
    await refused(store.get("socket"), "bad-request");
    await store.remove(["pipe", "socket"]);
    expect(await keysOf(store, "")).toEqual([]);
    await new Promise((resolve) => server.close(resolve));
  });
});

import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClient, type ExpungeClient } from "../../src/client/index.ts";
import { failureOf, type Served, serveHttp } from "./support.ts";

let served: Served;
let admin: ExpungeClient;
let alice: ExpungeClient;

beforeEach(async () => {
  served = await serveHttp();
  admin = served.clientOf("admin");
  alice = served.clientOf("alice");
});
afterEach(() => served.close());

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test("a client makes, reads, changes and lists projects, each caller its own", async () => {
  const made = await alice.projects.create({ name: "Holiday", metadata: { year: 2026 } });
  expect(made).toMatchObject({ owner: "alice", state: "active", name: "Holiday" });
  await admin.projects.create({ id: "of-bob", owner: "bob", name: "Work" });
  expect((await alice.projects.get(made.id)).metadata).toEqual({ year: 2026 });
  const changed = await alice.projects.update(made.id, { name: "Beach" });
  expect([changed.name, changed.metadata]).toEqual(["Beach", { year: 2026 }]);
  expect((await alice.projects.list()).items.map(({ id }) => id)).toEqual([made.id]);
  const all = await collected(admin.projects.all());
  expect(all.map(({ owner }) => owner).sort()).toEqual(["alice", "bob"]);
  expect((await admin.projects.list({ namePrefix: "Wo" })).items).toHaveLength(1);
  expect(await failureOf(alice.projects.get("of-bob"))).toEqual({
    code: "project-not-found",
    status: 404,
  });
});

test("a client makes a token that works until it is revoked", async () => {
  const rights = ["projects:read"] as const;
  const made = await admin.tokens.create({ name: "t", owner: "alice", rights: [...rights] });
  const reader = served.clientOf(made.token);
  expect((await reader.projects.list()).items).toEqual([]);
  expect((await admin.tokens.list({ limit: 1 })).items).toMatchObject([{ id: made.id }]);
  await admin.tokens.revoke(made.id);
  expect(await failureOf(reader.projects.list())).toEqual({ code: "token-revoked", status: 401 });
  expect((await collected(admin.tokens.all())).map(({ id }) => id)).toEqual([made.id]);
});

test("a client pages through a list by its cursors", async () => {
  const { id } = await alice.projects.create();
  for (const path of ["a", "b", "c"]) await alice.files.put(id, path, path);
  const first = await alice.files.list(id, { limit: 2 });
  expect(first.items.map(({ path }) => path)).toEqual(["a", "b"]);
  const cursor = first.nextCursor ?? "";
  const second = await alice.files.list(id, { limit: 2, cursor });
  expect([second.items.map(({ path }) => path), second.nextCursor]).toEqual([["c"], null]);
  expect(await collected(alice.files.all(id, { prefix: "b" }))).toHaveLength(1);
});

test("a file goes up as text, bytes, Blob or stream and comes down as it was", async () => {
  const { id } = await alice.projects.create();
  const bytes = new TextEncoder().encode("some bytes");
  const bodies = {
    text: "some bytes",
    bytes,
    blob: new Blob([bytes], { type: "text/plain" }),
    stream: new Blob([bytes]).stream() as ReadableStream<Uint8Array>,
  };
  for (const [name, body] of Object.entries(bodies)) {
    const path = `as/${name} ü?#%.txt`;
    const stored = await alice.files.put(id, path, body);
    expect([stored.path, stored.sizeBytes]).toEqual([path, bytes.length]);
    const got = await alice.files.get(id, path);
    expect(got).toMatchObject({ sizeBytes: bytes.length, etag: stored.etag, lengthBytes: 10 });
    expect(await got.text()).toBe("some bytes");
  }
  expect((await alice.files.head(id, "as/blob ü?#%.txt")).contentType).toBe("text/plain");
  expect((await alice.files.head(id, "as/text ü?#%.txt")).contentType).toBe(
    "application/octet-stream",
  );
});

test("a client reads ranges, and nothing where it has the file already", async () => {
  const { id } = await alice.projects.create();
  const { etag } = await alice.files.put(id, "digits", "0123456789");
  const middle = await alice.files.get(id, "digits", { range: { start: 2, end: 4 } });
  expect([middle.sizeBytes, middle.lengthBytes, await middle.text()]).toEqual([10, 3, "234"]);
  const rest = await alice.files.get(id, "digits", { range: { start: 8 } });
  expect(new TextDecoder().decode(await rest.bytes())).toBe("89");
  const same = await alice.files.get(id, "digits", { ifNoneMatch: etag });
  expect([same.isNotModified, same.body]).toEqual([true, null]);
  const beyond = alice.files.get(id, "digits", { range: { start: 10 } });
  expect(await failureOf(beyond)).toEqual({ code: "range-not-satisfiable", status: 416 });
});

test("preconditions and checksums of a client are held", async () => {
  const { id } = await alice.projects.create();
  const sha256 = createHash("sha256").update("one").digest("hex");
  const { etag } = await alice.files.put(id, "f", "one", { ifAbsent: true, sha256 });
  const failed = { code: "precondition-failed", status: 412 };
  expect(await failureOf(alice.files.put(id, "f", "two", { ifAbsent: true }))).toEqual(failed);
  expect(await failureOf(alice.files.put(id, "f", "two", { ifMatch: "no" }))).toEqual(failed);
  expect(await failureOf(alice.files.delete(id, "f", { ifMatch: "no" }))).toEqual(failed);
  expect(await failureOf(alice.files.put(id, "f", "two", { sha256 }))).toEqual({
    code: "checksum-mismatch",
    status: 422,
  });
  await alice.files.put(id, "f", "two", { ifMatch: etag });
  expect(await (await alice.files.get(id, "f")).text()).toBe("two");
});

test("files are moved, checked and deleted, each with its outcome", async () => {
  const { id } = await alice.projects.create();
  for (const path of ["a", "b", "c"]) await alice.files.put(id, path, path);
  expect((await alice.files.move(id, "a", "d")).path).toBe("d");
  expect(await failureOf(alice.files.move(id, "b", "c"))).toMatchObject({ code: "file-exists" });
  expect(await alice.files.check(id, ["a", "d"])).toEqual([
    { path: "a", row: false, object: false },
    { path: "d", row: true, object: true },
  ]);
  expect(await alice.files.delete(id, "d")).toEqual({ path: "d", outcome: "deleted" });
  expect([await alice.files.exists(id, "d"), await alice.files.exists(id, "b")]).toEqual([
    false,
    true,
  ]);
  expect(await alice.files.deleteMany(id, ["b", "nothing"])).toEqual([
    { path: "b", outcome: "deleted" },
    { path: "nothing", outcome: "absent", code: "file-not-found" },
  ]);
});

test("a signed URL of a client reads the file without a token", async () => {
  const { id } = await alice.projects.create();
  await alice.files.put(id, "f", "for everybody");
  const { url, expiresAt } = await alice.urls.sign(id, "f", { expiresInSeconds: 60 });
  expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
  expect(await (await fetch(url)).text()).toBe("for everybody");
});

test("a looked-for file that is not there has the service's own code, though HEAD has no body", async () => {
  const { id } = await alice.projects.create();
  expect(await failureOf(alice.files.head(id, "none"))).toEqual({
    code: "file-not-found",
    status: 404,
  });
});

test("a failed call tells code, status, remedy and the request's id of the log", async () => {
  await expect(alice.projects.get("nobody")).rejects.toMatchObject({
    name: "ExpungeClientError",
    code: "project-not-found",
    status: 404,
    remedy: expect.stringContaining("owners") as unknown,
    requestId: expect.stringMatching(/^[a-z0-9]{20}$/) as unknown,
    isPassing: false,
  });
});

test("a path that a URL would resolve to another file is never sent", async () => {
  const before = await failureOf(alice.files.get("p", "a/../../q/b"));
  expect(before).toEqual({ code: "invalid-path", status: 0 });
  expect(await failureOf(alice.projects.get(".."))).toEqual({ code: "invalid-request", status: 0 });
});

test("the service's health, readiness and keys are read without a token", async () => {
  const nobody = served.clientOf("");
  expect(await nobody.service.health()).toEqual({ status: "ok", version: "1.2.3" });
  await nobody.service.ready();
  expect(await nobody.receipts.keys()).toMatchObject([{ alg: "EdDSA", use: "sig" }]);
});

test("a token may be a function, which is asked for every call", async () => {
  const tokens = ["alice", "bob"];
  const client = served.clientOf("", { token: async () => tokens.shift() ?? "nobody" });
  expect((await client.projects.create()).owner).toBe("alice");
  expect((await client.projects.create()).owner).toBe("bob");
  expect(await failureOf(client.projects.create())).toEqual({ code: "unauthorized", status: 401 });
});

test("a client makes a sign-in code, and what belongs to a cookie needs one", async () => {
  const made = await admin.sessions.createCode({ owner: "alice", rights: ["projects:read"] });
  expect(made.url).toContain(`#`);
  expect(await failureOf(alice.sessions.createCode())).toMatchObject({ code: "forbidden" });
  const browser = createClient({ url: served.origin, headers: { origin: served.origin } });
  const session = await browser.sessions.signIn(made.code);
  expect(session).toMatchObject({ owner: "alice", rights: ["projects:read"] });
  expect(await failureOf(browser.sessions.signIn(made.code))).toMatchObject({
    code: "sign-in-refused",
  });
  expect(await failureOf(admin.sessions.current())).toMatchObject({ code: "unauthorized" });
  expect(await failureOf(admin.sessions.signOut())).toMatchObject({ code: "unauthorized" });
});

test("a client lists webhooks, and meets one that is not there", async () => {
  expect(await admin.webhooks.list()).toEqual([]);
  const missing = { code: "webhook-not-found", status: 404 };
  expect(await failureOf(admin.webhooks.test("WEBHOOK-000000000000"))).toEqual(missing);
  expect(await failureOf(admin.webhooks.retry("WEBHOOK-000000000000"))).toEqual(missing);
});

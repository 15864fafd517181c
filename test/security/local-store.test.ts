import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { canonicalPrefix } from "../../src/core/keys.ts";
import { bodyOf, collect } from "../../src/services/bytes.ts";
import type { FilesystemObjectStore } from "../../src/adapters/filesystem/object-store.ts";
import { openStore, usePlace } from "../adapters/filesystem/fixture.ts";
import { ADMIN, makeService, putText } from "../support/context.ts";

const place = usePlace();
const WAIT_MS = 30_000;

/** A link that leads out of the store takes the place of what is there. */
async function swap(path: string): Promise<void> {
  const at = join(place.root, path);
  await rename(at, join(place.root, "../moved")).catch(() => undefined);
  await symlink(place.outside, at);
}

async function expectOutsideUntouched(): Promise<void> {
  expect(await readdir(place.outside)).toEqual(["secret"]);
  expect(await readFile(join(place.outside, "secret"), "utf8")).toBe("secret");
}

/** Every call of the store, however it ends: what counts is what it touches. */
async function tryEverything(
  store: FilesystemObjectStore,
  key: string,
  uploadId: string,
): Promise<void> {
  const bytes = new TextEncoder().encode("evil");
  const part = { body: bodyOf(bytes), sizeBytes: bytes.length };
  const calls = [
    store.put(key, bytes),
    store.put(".expunge/tombstones/secret", bytes),
    store.get(key),
    store.head(key),
    store.createUpload(key, "text/plain"),
    store.uploadPart(key, uploadId, 1, part),
    store.listParts(key, uploadId),
    store.completeUpload(key, uploadId, [{ partNumber: 1, etag: "x", sizeBytes: 4 }]),
    store.abortUpload(key, uploadId),
    store.list("", { limit: 100 }),
    store.listUploads("", { limit: 100 }),
    store.remove([key, "projects/secret", ".expunge/tombstones/secret"]),
  ];
  await Promise.allSettled(calls);
  // What is listed, or read by a longer key, is nothing of the directory that the link leads to.
  // Where a link stands for a directory that was opened, even the listing is refused.
  const entries = await store.list("", { limit: 100 }).then(
    (page) => page.entries,
    (error: unknown) => {
      expect(error).toMatchObject({ code: "store-unavailable" });
      return [];
    },
  );
  for (const one of [
    key,
    ...entries.map((entry) => entry.key),
    `${key}/secret`,
    "projects/secret",
  ]) {
    const text = await store.get(one).then(
      async ({ body }) => new TextDecoder().decode(await collect(body, 1000)),
      () => "refused",
    );
    expect(text, one).not.toBe("secret");
  }
}

test.each([
  "projects",
  "projects/u",
  "projects/u/secret",
  ".expunge/uploads",
  ".expunge/uploads/UPLOAD",
  ".expunge/tmp",
  ".expunge/tombstones",
])("a link in the place of %s leads no call out of the store's directory", async (at) => {
  const store = await openStore(place.root);
  const key = "projects/u/secret";
  await store.put(key, new TextEncoder().encode("mine"));
  await store.put(".expunge/tombstones/t", new TextEncoder().encode("t"));
  const uploadId = await store.createUpload(key, "text/plain");
  await swap(at.replace("UPLOAD", uploadId));
  await tryEverything(store, key, uploadId);
  await expectOutsideUntouched();
});

test("a project whose directory is full of links is deleted with its links, and nothing behind them", async () => {
  const store = await openStore(place.root);
  const service = await makeService({ wrap: () => store });
  const { projects, deletions } = service.services;
  const { uid } = await projects.create(ADMIN, { id: "p1" });
  const { uid: other } = await projects.create(ADMIN, { id: "p2" });
  await putText(service, "p1", "a", "mine");
  const kept = await putText(service, "p2", "a", "theirs");
  const dir = join(place.root, canonicalPrefix(uid));
  const targets = {
    outside: place.outside,
    file: join(place.outside, "secret"),
    sibling: join(place.root, canonicalPrefix(other)),
    itself: dir,
    up: "../..",
    root: "/",
    dangling: "nowhere",
  };
  await mkdir(join(dir, "deep"));
  for (const [name, to] of Object.entries(targets)) {
    await symlink(to, join(dir, name));
    await symlink(to, join(dir, "deep", name));
  }
  const deletion = await deletions.wait(await deletions.request(ADMIN, "p1", {}), WAIT_MS);
  expect(deletion).toMatchObject({ state: "completed", residueTotal: 0 });
  expect(await readdir(join(place.root, "projects"))).toEqual([other]);
  expect(await readFile(join(place.root, kept), "utf8")).toBe("theirs");
  await expectOutsideUntouched();
  await service.stop();
});

test("a project whose whole directory is a link to another's loses the link, and the other keeps all", async () => {
  const store = await openStore(place.root);
  const service = await makeService({ wrap: () => store });
  const { projects, deletions } = service.services;
  const { uid } = await projects.create(ADMIN, { id: "p1" });
  const { uid: other } = await projects.create(ADMIN, { id: "p2" });
  await putText(service, "p1", "a", "mine");
  const kept = await putText(service, "p2", "a", "theirs");
  await rm(join(place.root, canonicalPrefix(uid)), { recursive: true });
  await symlink(other, join(place.root, "projects", uid));
  const deletion = await deletions.wait(await deletions.request(ADMIN, "p1", {}), WAIT_MS);
  expect(await readFile(join(place.root, kept), "utf8")).toBe("theirs");
  // The link is no key below the project's prefix, so that nothing of the project is left.
  expect(deletion.state).toBe("completed");
  expect(await readdir(join(place.root, canonicalPrefix(other)))).toHaveLength(1);
  await service.stop();
});

test("a store's directory that is a link itself is the directory that it leads to", async () => {
  const real = join(place.root, "../real");
  await mkdir(real);
  await rm(place.root, { recursive: true });
  await symlink(real, place.root);
  const store = await openStore(place.root);
  await store.put("a", new TextEncoder().encode("x"));
  await writeFile(join(real, "b"), "y");
  const { entries } = await store.list("", { limit: 10 });
  expect(entries.map(({ key }) => key)).toEqual(["a", "b"]);
});

import { describe, expect, test } from "vitest";
import {
  addFile,
  commit,
  completing,
  emptyFile,
  expectCode,
  expectRefused,
  type Fixture,
  keyOf,
  LONG_MS,
  makeProject,
  newUpload,
  openUpload,
  trash,
} from "./fixture.ts";

export function commitsContract(fixture: Fixture): void {
  describe("committing uploads", () => committing(fixture));
  describe("refused commits", () => refused(fixture));
  describe("empty files", () => emptyFiles(fixture));
  describe("quotas", () => quotas(fixture));
}

function committing(fixture: Fixture): void {
  test("a commit makes the file's row with what the upload declared and Complete answered", async () => {
    const { store } = fixture;
    const project = await makeProject(fixture);
    const metadata = { tag: ["x", { y: null }] };
    const upload = await completing(fixture, project.uid, { path: "a/b", metadata });
    const sizeBytes = 5 * 2 ** 40;
    const sha256 = "ab".repeat(32);
    const facts = { sizeBytes, sha256, etag: "e1" };
    const { file, created, replacedKey } = await store.commitUpload(upload.id, facts);
    expect({ created, replacedKey }).toEqual({ created: true, replacedKey: null });
    expect(file).toEqual({
      uid: upload.fileUid,
      projectUid: project.uid,
      path: "a/b",
      key: upload.key,
      contentType: "text/plain",
      metadata,
      ...facts,
      createdAt: file.createdAt,
      updatedAt: file.createdAt,
    });
    expect(await store.findFile(project.uid, "a/b")).toEqual(file);
    expect(await store.findProject(project.id)).toMatchObject({ fileCount: 1, sizeBytes });
  });

  test("a replacement has a new uid and key, keeps the time of creation, and counts once", async () => {
    const { store } = fixture;
    const { id, uid } = await makeProject(fixture);
    const old = await addFile(fixture, uid, "a", 100);
    await fixture.advance(20);
    const upload = await completing(fixture, uid, { path: "a", sizeBytes: 7 });
    const { file, created, replacedKey } = await commit(fixture, upload);
    expect({ created, replacedKey }).toEqual({ created: false, replacedKey: old.key });
    expect(file).toMatchObject({ uid: upload.fileUid, key: upload.key, sizeBytes: 7 });
    expect(file.createdAt).toBe(old.createdAt);
    expect(file.updatedAt).toBeGreaterThan(old.updatedAt);
    expect(file.etag).not.toBe(old.etag);
    expect(await store.listFiles(uid, { limit: 10 })).toEqual([file]);
    expect(await store.findProject(id)).toMatchObject({ fileCount: 1, sizeBytes: 7 });
    expect((await store.trackedKeys(uid, 10)).map(({ key }) => key)).toEqual(
      [keyOf(old), upload.key].toSorted(),
    );
  });

  test("a commit that is repeated answers the same file and changes nothing", async () => {
    const { store } = fixture;
    const { id, uid } = await makeProject(fixture);
    await addFile(fixture, uid, "a");
    const upload = await completing(fixture, uid, { path: "a" });
    const { file } = await commit(fixture, upload);
    const project = await store.findProject(id);
    const again = await commit(fixture, upload, { ifNoneMatch: "*" });
    expect(again).toEqual({ file, created: false, replacedKey: null });
    expect(await store.findProject(id)).toEqual(project);
    expect(await store.dueRemovals(10)).toHaveLength(1);
  });

  test("an upload whose object stays without a row is gone, with its key and no removal", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const upload = await completing(fixture, uid);
    await store.keepUnnamed(upload.id);
    expect(await store.findUpload(uid, upload.id)).toBeNull();
    expect(await store.whichNamed([upload.key])).toEqual(new Set());
    expect(await store.dueRemovals(10)).toEqual([]);
    expect(await store.findProjectByUid(uid)).toMatchObject({ fileCount: 0, sizeBytes: 0 });
  });

  test("an upload that is not direct is forgotten with its commit", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const upload = await completing(fixture, uid, { path: "a", direct: false });
    const { file } = await commit(fixture, upload);
    expect(await store.findUpload(uid, upload.id)).toBeNull();
    await expectRefused(fixture, uid, "upload-not-open", () => commit(fixture, upload));
    expect(await store.findFile(uid, "a")).toEqual(file);
    expect(await store.discardUpload(upload.id)).toBeNull();
  });

  test("only an upload without bytes that never reached the store makes a file without a key", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const { id } = await store.openUpload(
      newUpload(uid, { path: "a", sizeBytes: 0, storeUploadId: null }),
    );
    const unattached = await store.beginCompleting(id);
    expect((await commit(fixture, unattached)).file).toMatchObject({ key: null, sizeBytes: 0 });
    // An object without bytes is an object: its row must name it (R9).
    const attached = await completing(fixture, uid, { path: "b", sizeBytes: 0 });
    expect((await commit(fixture, attached)).file.key).toBe(attached.key);
  });
}

function refused(fixture: Fixture): void {
  test("an upload that is open, ended or unknown is not committed", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const open = await openUpload(fixture, uid);
    const ended = await completing(fixture, uid);
    await store.discardUpload(ended.id);
    for (const upload of [open, ended, { ...open, id: "none" }]) {
      await expectRefused(fixture, uid, "upload-not-open", () => commit(fixture, upload));
      await expectRefused(fixture, uid, "upload-not-open", () => store.keepUnnamed(upload.id));
    }
    expect((await store.findUpload(uid, open.id))?.state).toBe("open");
  });

  test("a commit sees that the project was closed after its upload was begun", async () => {
    const { uid } = await makeProject(fixture);
    const upload = await completing(fixture, uid);
    await trash(fixture, uid, LONG_MS);
    await expectRefused(fixture, uid, "project-not-active", () => commit(fixture, upload));
    await expectRefused(fixture, uid, "project-not-active", () =>
      fixture.store.commitEmptyFile(emptyFile(uid)),
    );
    await expectRefused(fixture, uid, "project-not-active", () =>
      fixture.store.keepUnnamed(upload.id),
    );
    expect((await fixture.store.findUpload(uid, upload.id))?.state).toBe("completing");
  });

  test("a commit is held against the ETag or the absence that it asks for", async () => {
    const { uid } = await makeProject(fixture);
    const upload = await completing(fixture, uid, { path: "a" });
    const refuse = (precondition: object): Promise<void> =>
      expectRefused(fixture, uid, "precondition-failed", () =>
        commit(fixture, upload, precondition),
      );
    await refuse({ ifMatch: "e" });
    const { etag } = await addFile(fixture, uid, "a");
    await refuse({ ifMatch: "e" });
    await refuse({ ifNoneMatch: "*" });
    expect(await commit(fixture, upload, { ifMatch: etag })).toMatchObject({ created: false });
    const other = await completing(fixture, uid, { path: "b" });
    expect(await commit(fixture, other, { ifNoneMatch: "*" })).toMatchObject({ created: true });
  });

  test("a held project refuses replacement, by a file with bytes or without", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    await addFile(fixture, uid, "a");
    const upload = await completing(fixture, uid, { path: "a" });
    await store.placeHold(uid, "x");
    await expectRefused(fixture, uid, "project-held", () => commit(fixture, upload));
    await expectRefused(fixture, uid, "project-held", () =>
      store.commitEmptyFile(emptyFile(uid, { path: "a" })),
    );
    expect((await store.commitEmptyFile(emptyFile(uid, { path: "b" }))).created).toBe(true);
    await store.releaseHold(uid, 0);
    expect(await commit(fixture, upload)).toMatchObject({ created: false });
  });
}

function emptyFiles(fixture: Fixture): void {
  test("an empty file is a row without a key", async () => {
    const { store } = fixture;
    const { id, uid } = await makeProject(fixture);
    const { projectUid, path, fileUid, ...rest } = emptyFile(uid, { metadata: { a: 1 } });
    const input = { projectUid, path, fileUid, ...rest };
    const { file, created, replacedKey } = await store.commitEmptyFile(input);
    expect({ created, replacedKey }).toEqual({ created: true, replacedKey: null });
    expect(file).toEqual({
      uid: fileUid,
      projectUid,
      path,
      ...rest,
      key: null,
      sizeBytes: 0,
      createdAt: file.createdAt,
      updatedAt: file.createdAt,
    });
    expect(await store.findFile(uid, path)).toEqual(file);
    expect(await store.findProject(id)).toMatchObject({ fileCount: 1, sizeBytes: 0 });
    expect(await store.trackedKeys(uid, 10)).toEqual([]);
  });

  test("an empty file in the place of one with bytes makes its key a removal, and back none", async () => {
    const { store } = fixture;
    const { id, uid } = await makeProject(fixture);
    const old = await addFile(fixture, uid, "a");
    const empty = await store.commitEmptyFile(emptyFile(uid, { path: "a" }));
    expect(empty).toMatchObject({ created: false, replacedKey: old.key });
    expect(await store.findProject(id)).toMatchObject({ fileCount: 1, sizeBytes: 0 });
    const again = await commit(fixture, await completing(fixture, uid, { path: "a" }));
    expect(again).toMatchObject({ created: false, replacedKey: null });
    expect((await store.dueRemovals(10)).map(({ key }) => key)).toEqual([old.key]);
  });

  test("an empty file is held against precondition and project", async () => {
    const { store } = fixture;
    await expectCode(store.commitEmptyFile(emptyFile("none")), "project-not-found");
    const { uid } = await makeProject(fixture);
    const { etag } = await addFile(fixture, uid, "a");
    for (const precondition of [{ ifMatch: "e" }, { ifNoneMatch: "*" as const }]) {
      await expectRefused(fixture, uid, "precondition-failed", () =>
        store.commitEmptyFile(emptyFile(uid, { path: "a", precondition })),
      );
    }
    const precondition = { ifMatch: etag };
    const replaced = await store.commitEmptyFile(emptyFile(uid, { path: "a", precondition }));
    expect(replaced.created).toBe(false);
  });
}

function quotas(fixture: Fixture): void {
  test("an upload is not opened where its declared size does not fit, exactly", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture, { quotaBytes: 100 });
    await addFile(fixture, uid, "a", 60);
    const open = (path: string, sizeBytes: number | null): Promise<unknown> =>
      store.openUpload(newUpload(uid, { path, sizeBytes }));
    await expectRefused(fixture, uid, "quota-exceeded", () => open("b", 41));
    await open("b", 40);
    await open("c", null);
    // What is overwritten makes room for what takes its place.
    await expectRefused(fixture, uid, "quota-exceeded", () => open("a", 101));
    await open("a", 100);
  });

  test("a commit is held against the quota with the size that really came", async () => {
    const { store } = fixture;
    const { id, uid } = await makeProject(fixture, { quotaBytes: 100 });
    const upload = await completing(fixture, uid, { path: "a", sizeBytes: null });
    const facts = { sha256: null, etag: "e" };
    await expectRefused(fixture, uid, "quota-exceeded", () =>
      store.commitUpload(upload.id, { ...facts, sizeBytes: 101 }),
    );
    expect((await store.findUpload(uid, upload.id))?.state).toBe("completing");
    await store.commitUpload(upload.id, { ...facts, sizeBytes: 100 });
    const other = await completing(fixture, uid, { path: "a", sizeBytes: 100 });
    await commit(fixture, other);
    expect((await store.findProject(id))?.sizeBytes).toBe(100);
    expect((await store.commitEmptyFile(emptyFile(uid))).created).toBe(true);
  });

  test("of two commits at the same time that fit one by one only, one is refused", async () => {
    const { id, uid } = await makeProject(fixture, { quotaBytes: 100 });
    const uploads = [
      await completing(fixture, uid, { sizeBytes: 60 }),
      await completing(fixture, uid, { sizeBytes: 60 }),
    ];
    const results = await Promise.allSettled(uploads.map((upload) => commit(fixture, upload)));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(results.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { code: "quota-exceeded" },
    });
    const project = await fixture.store.findProject(id);
    expect(project).toMatchObject({ fileCount: 1, sizeBytes: 60 });
  });
}

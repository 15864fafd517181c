import { describe, expect, test } from "vitest";
import {
  addFile,
  commit,
  completing,
  emptyFile,
  type Fixture,
  keyOf,
  makeProject,
  openUpload,
  PAST_SHORT_MS,
  purging,
  SHORT_MS,
} from "./fixture.ts";

export function storedFilesContract(fixture: Fixture): void {
  describe("stored files of all projects", () => {
    storedFiles(fixture);
    splitKeys(fixture);
    namedKeys(fixture);
  });
}

function storedFiles(fixture: Fixture): void {
  test("stored files of all projects come by the bytes of their keys, page by page, each once", async () => {
    const { store } = fixture;
    const projects = [(await makeProject(fixture)).uid, (await makeProject(fixture)).uid];
    const names = ["A", "a", "a/b", "ä", "\u{fffd}", "\u{1f600}"];
    for (const [i, key] of names.toReversed().entries()) {
      const uid = projects[i % 2] ?? "";
      await commit(fixture, await completing(fixture, uid, { key, sizeBytes: i + 1 }));
    }
    await store.commitEmptyFile(emptyFile(projects[0] ?? ""));
    await openUpload(fixture, projects[0] ?? "", { key: "b" });
    const seen: string[] = [];
    let after: { key: string; fileUid: string } | undefined;
    for (;;) {
      const page = await store.listStoredFiles({ limit: 4, ...(after ? { after } : {}) });
      const last = page.at(-1);
      if (!last) break;
      expect(page.length).toBeLessThanOrEqual(4);
      seen.push(...page.map(({ key }) => key));
      after = { key: last.key, fileUid: last.fileUid };
    }
    expect(seen).toEqual(names);
    const between = { after: { key: "a", fileUid: null }, until: "ä", limit: 10 };
    expect((await store.listStoredFiles(between)).map(({ key }) => key)).toEqual(["a/b", "ä"]);
  });

  test("a stored file says what its row says, and files that share a key come one after the other", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const one = await commit(fixture, await completing(fixture, uid, { key: "k", sizeBytes: 3 }));
    const two = await commit(fixture, await completing(fixture, uid, { key: "k", sizeBytes: 4 }));
    const files = [one.file, two.file].map(({ uid: fileUid, ...file }) => ({
      fileUid,
      projectUid: uid,
      path: file.path,
      key: "k",
      sizeBytes: file.sizeBytes,
      etag: file.etag,
      sha256: null,
      updatedAt: file.updatedAt,
    }));
    files.sort((a, b) => (a.fileUid < b.fileUid ? -1 : 1));
    expect(await store.listStoredFiles({ limit: 10 })).toEqual(files);
    expect(await store.findStoredFiles(["x", "k", "k"])).toEqual(files);
    expect(await store.findStoredFiles([])).toEqual([]);
    const [first] = files;
    const after = { key: "k", fileUid: first?.fileUid ?? "" };
    expect(await store.listStoredFiles({ limit: 10, after })).toEqual(files.slice(1));
    const behindAll = { key: "k", fileUid: null };
    expect(await store.listStoredFiles({ limit: 10, after: behindAll })).toEqual([]);
  });
}

function splitKeys(fixture: Fixture): void {
  test("stored keys are split into ranges of about as many rows, from the first key to the last", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const names = ["A", "a", "a/b", "b", "ä", "\u{fffd}", "\u{1f600}"];
    for (const key of names.toReversed()) {
      await commit(fixture, await completing(fixture, uid, { key }));
    }
    await store.commitEmptyFile(emptyFile(uid));
    expect(await store.splitStoredKeys({ parts: 3, rowsMin: 1 })).toEqual([
      "A",
      "a/b",
      "ä",
      "\u{1f600}",
    ]);
    expect(await store.splitStoredKeys({ parts: 9, rowsMin: 1 })).toEqual(names);
    expect(await store.splitStoredKeys({ parts: 9, rowsMin: 3 })).toEqual(["A", "b", "\u{1f600}"]);
    expect(await store.splitStoredKeys({ parts: 9, rowsMin: 4 })).toEqual([]);
    expect(await store.splitStoredKeys({ parts: 1, rowsMin: 1 })).toEqual([]);
  });

  test("files that share a key split nothing but once, and where there are no rows nothing is split", async () => {
    const { store } = fixture;
    expect(await store.splitStoredKeys({ parts: 4, rowsMin: 1 })).toEqual([]);
    const { uid } = await makeProject(fixture);
    for (const key of ["k", "k", "k", "l"]) {
      await commit(fixture, await completing(fixture, uid, { key }));
    }
    expect(await store.splitStoredKeys({ parts: 4, rowsMin: 1 })).toEqual(["k", "l"]);
  });
}

function namedKeys(fixture: Fixture): void {
  test("a key is named by a file, a removal or an upload of any project, and by nothing else", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const file = keyOf(await addFile(fixture, uid, "a"));
    const removed = keyOf(await addFile(fixture, (await makeProject(fixture)).uid, "b"));
    const upload = await openUpload(fixture, uid);
    await store.removeFile((await store.findStoredFiles([removed]))[0]?.projectUid ?? "", "b");
    const keys = [file, removed, upload.key, "none", "with a \0 NUL", file];
    expect(await store.whichNamed(keys)).toEqual(new Set([file, removed, upload.key]));
    expect(await store.whichNamed([])).toEqual(new Set());
  });

  test("an upload is stood for until it expires, is committed, or is settled by the fence", async () => {
    const { store } = fixture;
    const { uid } = await makeProject(fixture);
    const open = await openUpload(fixture, uid);
    const short = await openUpload(fixture, uid, { expiresInMs: SHORT_MS });
    const late = await completing(fixture, uid, { expiresInMs: SHORT_MS });
    const committed = await completing(fixture, uid);
    await commit(fixture, committed);
    const ids = [open, short, late, committed].map((upload) => upload.storeUploadId ?? "");
    const stands = (): Promise<ReadonlySet<string>> => store.whichUploadsStand([...ids, "none"]);
    await fixture.advance(PAST_SHORT_MS);
    expect(await stands()).toEqual(new Set([ids[0], ids[2]]));
    const { id, token } = await purging(fixture, uid);
    await store.settleForFence(id, token, [open.id]);
    expect(await stands()).toEqual(new Set([ids[2]]));
    expect(await store.whichUploadsStand([])).toEqual(new Set());
  });
}

import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/core/encoding.ts";
import {
  bodyOf,
  keysOf,
  make,
  partBytes,
  pattern,
  read,
  readText,
  refused,
  sendPart,
  type StoreFixture,
  uploadsOf,
} from "./fixture.ts";
import { uploadListingContract } from "./upload-listing.ts";

export function uploadsContract(fixture: StoreFixture): void {
  describe("uploads", () => {
    completionContract(fixture);
    partsContract(fixture);
    endsContract(fixture);
    uploadListingContract(fixture);
  });
}

function completionContract(fixture: StoreFixture): void {
  it("makes one object of its parts, in the order of their numbers", async () => {
    const { store } = fixture;
    const size = await partBytes(store);
    const pieces = [pattern(size, 1), pattern(size, 2), pattern(size, 3), pattern(77, 4)];
    const uploadId = await store.createUpload("parts/of/one", "video/mp4");
    const parts = [];
    for (const number of [3, 1, 4, 2]) {
      const piece = pieces[number - 1] ?? new Uint8Array();
      parts.push(await sendPart(store, "parts/of/one", uploadId, number, piece));
    }
    parts.sort((a, b) => a.partNumber - b.partNumber);
    expect(await store.listParts("parts/of/one", uploadId)).toEqual(parts);
    const head = await store.completeUpload("parts/of/one", uploadId, parts);
    expect(head.sizeBytes).toBe(3 * size + 77);
    expect(head).toEqual(await store.head("parts/of/one"));
    const expected = Buffer.concat(pieces);
    expect(Buffer.from(await read(store, "parts/of/one")).equals(expected)).toBe(true);
    expect(await uploadsOf(store, "")).toEqual([]);
  });

  it("leaves out parts that the completion does not name", async () => {
    const { store, differences } = fixture;
    const uploadId = await store.createUpload("chosen", "text/plain");
    const first = await sendPart(store, "chosen", uploadId, 1, "one");
    const second = await sendPart(store, "chosen", uploadId, 7, "seven");
    if (differences.completesAllParts) {
      await refused(store.completeUpload("chosen", uploadId, [second]), "invalid-part");
      expect(await store.listParts("chosen", uploadId)).toEqual([first, second]);
      expect(await keysOf(store, "")).toEqual([]);
      return;
    }
    await store.completeUpload("chosen", uploadId, [second]);
    expect(await readText(store, "chosen")).toBe("seven");
    await store.remove(["chosen"]);
    expect(await keysOf(store, "")).toEqual([]);
    expect(await uploadsOf(store, "")).toEqual([]);
  });

  it("tells the type that an upload was made with, where the store keeps types", async () => {
    const { store } = fixture;
    const uploadId = await store.createUpload("typed", "text/x-odd");
    const part = await sendPart(store, "typed", uploadId, 1, utf8("x"));
    await store.completeUpload("typed", uploadId, [part]);
    expect(["text/x-odd", undefined]).toContain((await store.head("typed")).contentType);
  });

  it("puts the completed object in the place of an earlier one", async () => {
    const { store } = fixture;
    const before = await make(store, "replaced", "the first and longer");
    const after = await make(store, "replaced", "second");
    expect(await readText(store, "replaced")).toBe("second");
    expect(after.etag).not.toBe(before.etag);
    expect(await keysOf(store, "")).toEqual(["replaced"]);
  });

  it("refuses a completion whose parts are missing, misordered or others, and stays open", async () => {
    const { store } = fixture;
    const size = await partBytes(store);
    const uploadId = await store.createUpload("wrong", "text/plain");
    const first = await sendPart(store, "wrong", uploadId, 1, pattern(size));
    const second = await sendPart(store, "wrong", uploadId, 2, "end");
    const other = { ...second, etag: "0".repeat(32) };
    const absent = { ...second, partNumber: 3 };
    for (const parts of [
      [],
      [first, other],
      [first, second, absent],
      [second, first],
      [first, first],
      [{ ...first, etag: second.etag }, second],
    ]) {
      await refused(store.completeUpload("wrong", uploadId, parts), "invalid-part");
    }
    expect(await keysOf(store, "")).toEqual([]);
    expect(await store.listParts("wrong", uploadId)).toEqual([first, second]);
    await store.completeUpload("wrong", uploadId, [first, second]);
    expect((await store.head("wrong")).sizeBytes).toBe(size + 3);
  });
}

function partsContract(fixture: StoreFixture): void {
  it("takes a part that is sent again in the place of the earlier one", async () => {
    const { store } = fixture;
    const uploadId = await store.createUpload("resent", "text/plain");
    const first = await sendPart(store, "resent", uploadId, 1, "first try");
    const second = await sendPart(store, "resent", uploadId, 1, "second");
    expect(second.etag).not.toBe(first.etag);
    expect(await store.listParts("resent", uploadId)).toEqual([second]);
    await refused(store.completeUpload("resent", uploadId, [first]), "invalid-part");
    await store.completeUpload("resent", uploadId, [second]);
    expect(await readText(store, "resent")).toBe("second");
  });

  it("answers the same part when the same bytes are sent again", async () => {
    const { store } = fixture;
    const uploadId = await store.createUpload("repeated", "text/plain");
    const first = await sendPart(store, "repeated", uploadId, 2, "same");
    expect(first).toEqual({ partNumber: 2, etag: first.etag, sizeBytes: 4 });
    expect(await sendPart(store, "repeated", uploadId, 2, "same")).toEqual(first);
    expect(await store.listParts("repeated", uploadId)).toEqual([first]);
  });

  it("refuses a part whose body has not the size announced, and keeps nothing of it", async () => {
    const { store } = fixture;
    const uploadId = await store.createUpload("sizes", "text/plain");
    const kept = await sendPart(store, "sizes", uploadId, 1, "kept");
    for (const sizeBytes of [0, 3, 5, 100]) {
      const part = { body: bodyOf("fo", "ur"), sizeBytes };
      await refused(store.uploadPart("sizes", uploadId, 1, part), "invalid-part");
      const more = { body: bodyOf("fo", "ur"), sizeBytes };
      await refused(store.uploadPart("sizes", uploadId, 2, more), "invalid-part");
    }
    expect(await store.listParts("sizes", uploadId)).toEqual([kept]);
  });

  it("refuses a part number outside 1 to 10,000", async () => {
    const { store } = fixture;
    const uploadId = await store.createUpload("numbers", "text/plain");
    for (const number of [0, -1, 1.5, 10_001, Number.NaN]) {
      await refused(sendPart(store, "numbers", uploadId, number, "x"), "invalid-part");
    }
    await sendPart(store, "numbers", uploadId, 10_000, "x");
    expect(await store.listParts("numbers", uploadId)).toHaveLength(1);
  });

  it("keeps nothing of a body that fails midway, and says what the body said", async () => {
    const { store } = fixture;
    const uploadId = await store.createUpload("broken", "text/plain");
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield utf8("half of ");
      throw Object.assign(new Error("the client went away"), { code: "ENOENT", syscall: "read" });
    };
    const sent = store.uploadPart("broken", uploadId, 1, { body: body(), sizeBytes: 16 });
    await expect(sent).rejects.toThrow("the client went away");
    expect(await store.listParts("broken", uploadId)).toEqual([]);
    expect(await keysOf(store, "")).toEqual([]);
    await store.abortUpload("broken", uploadId);
    expect(await uploadsOf(store, "")).toEqual([]);
  });

  it("stops taking a body that hangs when its signal is aborted", async () => {
    const { store } = fixture;
    const uploadId = await store.createUpload("hung", "text/plain");
    const controller = new AbortController();
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield utf8("half of ");
      controller.abort(new Error("the fence came"));
      await new Promise(() => undefined);
    };
    const part = { body: body(), sizeBytes: 16, signal: controller.signal };
    await expect(store.uploadPart("hung", uploadId, 1, part)).rejects.toThrow("the fence came");
    expect(await store.listParts("hung", uploadId)).toEqual([]);
  });

  it("lets go of a body that it does not read to its end", async () => {
    const { store } = fixture;
    const uploadId = await store.createUpload("long", "text/plain");
    for (const signal of [undefined, new AbortController().signal]) {
      let isLetGo = false;
      const body = async function* (): AsyncGenerator<Uint8Array> {
        try {
          for (;;) yield utf8("on and on ");
        } finally {
          isLetGo = true;
        }
      };
      const part = { body: body(), sizeBytes: 25, ...(signal ? { signal } : {}) };
      await refused(store.uploadPart("long", uploadId, 1, part), "invalid-part");
      expect(isLetGo).toBe(true);
    }
  });
}

function endsContract(fixture: StoreFixture): void {
  it("knows an upload no more once it is completed", async () => {
    const { store, differences } = fixture;
    const uploadId = await store.createUpload("done", "text/plain");
    const part = await sendPart(store, "done", uploadId, 1, "content");
    const made = await store.completeUpload("done", uploadId, [part]);
    const again = store.completeUpload("done", uploadId, [part]);
    if (differences.repeatsCompletions) expect(await again).toEqual(made);
    else await refused(again, "no-such-upload");
    await refused(sendPart(store, "done", uploadId, 2, "late"), "no-such-upload");
    await refused(store.listParts("done", uploadId), "no-such-upload");
    // Who repeats a completion need not know the parts any more: they are gone.
    await refused(store.completeUpload("done", uploadId, []), "no-such-upload");
    await refused(store.abortUpload("done", uploadId), "no-such-upload");
    expect(await readText(store, "done")).toBe("content");
  });

  it("makes no object a second time of an upload whose object was removed", async () => {
    const { store } = fixture;
    const uploadId = await store.createUpload("gone", "text/plain");
    const part = await sendPart(store, "gone", uploadId, 1, "content");
    await store.completeUpload("gone", uploadId, [part]);
    await store.remove(["gone"]);
    await refused(store.completeUpload("gone", uploadId, [part]), "no-such-upload");
    expect(await keysOf(store, "")).toEqual([]);
    expect(await uploadsOf(store, "")).toEqual([]);
  });

  it("lets nothing come of an upload once it is aborted", async () => {
    const { store } = fixture;
    const uploadId = await store.createUpload("over", "text/plain");
    const part = await sendPart(store, "over", uploadId, 1, "content");
    await store.abortUpload("over", uploadId);
    await refused(store.abortUpload("over", uploadId), "no-such-upload");
    await refused(store.completeUpload("over", uploadId, [part]), "no-such-upload");
    await refused(sendPart(store, "over", uploadId, 1, "late"), "no-such-upload");
    await refused(store.listParts("over", uploadId), "no-such-upload");
    expect(await keysOf(store, "")).toEqual([]);
    expect(await uploadsOf(store, "")).toEqual([]);
  });

  it("refuses a part whose upload is aborted while its body comes in", async () => {
    const { store } = fixture;
    const uploadId = await store.createUpload("cut", "text/plain");
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield utf8("before ");
      await store.abortUpload("cut", uploadId);
      yield utf8("after");
    };
    const sent = store.uploadPart("cut", uploadId, 1, { body: body(), sizeBytes: 12 });
    await refused(sent, "no-such-upload");
    await refused(store.listParts("cut", uploadId), "no-such-upload");
    expect(await uploadsOf(store, "")).toEqual([]);
  });

  it("knows no upload by another key, or by an id that it did not give", async () => {
    const { store } = fixture;
    const uploadId = await store.createUpload("mine", "text/plain");
    const part = await sendPart(store, "mine", uploadId, 1, "content");
    const strangers = ["", "0".repeat(26), `${uploadId}x`, uploadId.toUpperCase(), "../tmp", "."];
    strangers.push(
      `../uploads/${uploadId}`,
      `${uploadId}/.`,
      `${uploadId}.completing`,
      "a/b",
      "\0",
    );
    const pairs = [["yours", uploadId], ...strangers.map((id) => ["mine", id])];
    for (const [key = "", id = ""] of pairs) {
      await refused(store.completeUpload(key, id, [part]), "no-such-upload");
      await refused(sendPart(store, key, id, 1, "x"), "no-such-upload");
      await refused(store.listParts(key, id), "no-such-upload");
      await refused(store.abortUpload(key, id), "no-such-upload");
    }
    expect(await store.listParts("mine", uploadId)).toEqual([part]);
    // A server that takes such an id for none would take the object's own removal for it.
    await store.abortUpload("mine", uploadId);
    await make(store, "mine", "still here");
    for (const id of strangers) await refused(store.abortUpload("mine", id), "no-such-upload");
    expect(await readText(store, "mine")).toBe("still here");
  });
}

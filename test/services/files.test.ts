import { describe, expect, it } from "vitest";
import { StoreError } from "../../src/core/store-errors.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { Committed } from "../../src/ports/metadata/index.ts";
import { bodyOf, collect } from "../../src/services/bytes.ts";
import type { PutFile } from "../../src/services/files/put.ts";
import { runRemovals } from "../../src/services/files/removals.ts";
import { ADMIN, putText } from "../support/context.ts";
import { BYTES, deletionFixture } from "../support/deletion-fixture.ts";
import { withLimit } from "../support/limits.ts";
import { withMethods } from "../support/methods.ts";

const fixture = deletionFixture();
const { start, project, keys } = fixture;
const IO_ERROR = new StoreError("io-error", "blocked", "the disk is gone");
const never = new AbortController().signal;

async function put(
  path: string,
  input: Partial<PutFile> & Pick<PutFile, "sizeBytes">,
  signal?: AbortSignal,
): Promise<Committed> {
  const { files } = fixture.service.services;
  const rest = { contentType: "text/plain", metadata: {}, checksums: {} };
  return await files.put(ADMIN, "p1", { path, body: bodyOf(BYTES), ...rest, ...input }, signal);
}

async function content(path: string): Promise<Uint8Array> {
  const { body } = await fixture.service.services.files.get(ADMIN, "p1", path);
  return await collect(body, 1_000_000);
}

async function* chunks(...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

/** What a put that is refused must leave: no file, no object, no upload. */
async function expectNothing(): Promise<void> {
  const { services, objects } = fixture.service;
  expect((await services.files.list(ADMIN, "p1", { limit: 10 })).items).toEqual([]);
  expect(keys()).toEqual([]);
  expect(objects.snapshot().uploads.size).toBe(0);
}

describe("a body that is stored", () => {
  it.each([
    ["an announced empty one that has bytes", 0],
    ["one longer than announced", BYTES.length - 1],
    ["one shorter than announced", BYTES.length + 1],
  ])("is refused with nothing left behind: %s", async (_what, sizeBytes) => {
    await start();
    await project("p1");
    await expect(put("a", { sizeBytes })).rejects.toMatchObject({ code: "size-mismatch" });
    await expectNothing();
  });

  it("is the same however its chunks fall, empty ones among them, and in several parts", async () => {
    await start();
    await project("p1");
    await withLimit("bufferedPartBytes", 4, async () => {
      await put("a", { sizeBytes: null, body: chunks("", "ab", "", "cdefg", "hi", "") });
    });
    await put("b", { sizeBytes: 9, body: chunks("", "abcdefg", "", "hi") });
    expect([await content("a"), await content("b")].map((bytes) => String(bytes))).toEqual([
      String(Buffer.from("abcdefghi")),
      String(Buffer.from("abcdefghi")),
    ]);
  });

  it("is refused where it is of unknown size and has more than the most parts", async () => {
    await start();
    await project("p1");
    await withLimit("bufferedPartBytes", 4, async () => {
      await withLimit("partsMax", 2, async () => {
        const wrong = { code: "file-too-large" };
        await expect(
          put("a", { sizeBytes: null, body: chunks("123456789") }),
        ).rejects.toMatchObject(wrong);
        await put("b", { sizeBytes: null, body: chunks("12345678") });
      });
    });
    expect(await content("b")).toHaveLength(8);
  });

  it("is not begun for a caller that has gone away", async () => {
    await start();
    await project("p1");
    const gone = AbortSignal.abort(new Error("gone away"));
    await expect(put("a", { sizeBytes: BYTES.length }, gone)).rejects.toThrow("gone away");
    await expect(put("a", { sizeBytes: null }, gone)).rejects.toThrow("gone away");
    await expectNothing();
  });

  it("is refused like a write to a closed project where its upload was ended in the store", async () => {
    await start({
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          uploadPart: async (key, id, number, part) => {
            await store.abortUpload(key, id);
            return await store.uploadPart(key, id, number, part);
          },
        }),
    });
    await project("p1");
    await expect(put("a", { sizeBytes: BYTES.length })).rejects.toMatchObject({
      code: "project-not-active",
    });
    await expectNothing();
  });

  it("keeps an error of the store that says nothing of the body", async () => {
    await start();
    await project("p1");
    const { failures } = fixture.service.objects;
    failures.fail = (call) => (call === "uploadPart" ? IO_ERROR : null);
    await expect(put("a", { sizeBytes: BYTES.length })).rejects.toThrow(IO_ERROR.message);
    failures.fail = null;
    await expectNothing();
  });
});

describe("an empty file", () => {
  it("heeds its precondition, and the object that it replaces is removed", async () => {
    await start();
    await project("p1");
    const { file } = await put("a", { sizeBytes: BYTES.length });
    const wrong = { ifMatch: "other" };
    await expect(
      put("a", { sizeBytes: 0, body: chunks(), precondition: wrong }),
    ).rejects.toMatchObject({
      code: "precondition-failed",
    });
    expect(keys()).toEqual([file.key]);
    await put("a", { sizeBytes: 0, body: chunks(), precondition: { ifMatch: file.etag } });
    expect(await content("a")).toHaveLength(0);
    await runRemovals(fixture.service.context, never);
    await expect.poll(keys).toEqual([]);
  });
});

describe("a file that is deleted", () => {
  it("is pending while a listing still shows its object, and is removed once it does not", async () => {
    let inVain = true;
    await start({
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          remove: async (asked, signal) =>
            inVain
              ? asked.map((key) => ({ key, result: "gone" as const }))
              : await store.remove(asked, signal),
        }),
    });
    await project("p1");
    await putText(fixture.service, "p1", "a", "x");
    const { context, services } = fixture.service;
    await withLimit("removalRetryMinMs", 0, async () => {
      expect(await services.files.delete(ADMIN, "p1", "a")).toMatchObject({
        outcome: "pending",
        code: "reappeared",
      });
      expect(keys()).toHaveLength(1);
      inVain = false;
      await runRemovals(context, never);
      expect(keys()).toEqual([]);
    });
  });

  it("is pending with the store's own code while no listing can be had", async () => {
    await start();
    await project("p1");
    await putText(fixture.service, "p1", "a", "x");
    const { services, objects } = fixture.service;
    objects.failures.fail = (call) => (call === "list" ? IO_ERROR : null);
    expect(await services.files.delete(ADMIN, "p1", "a")).toMatchObject({
      outcome: "pending",
      code: "io-error",
    });
  });

  it("ends a call for many with an error where the store fails, and not with an outcome", async () => {
    await start();
    await project("p1");
    for (const path of ["a", "b"]) await putText(fixture.service, "p1", path, "x");
    const { services, objects } = fixture.service;
    objects.failures.fail = () => IO_ERROR;
    await expect(services.files.deleteMany(ADMIN, "p1", ["none", "a"])).rejects.toThrow(
      IO_ERROR.message,
    );
    await expect(services.files.check(ADMIN, "p1", ["none", "b"])).rejects.toThrow(
      IO_ERROR.message,
    );
  });
});

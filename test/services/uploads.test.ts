import { describe, expect, it } from "vitest";
import type { Upload } from "../../src/core/model.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import { bodyOf } from "../../src/services/bytes.ts";
import type { SignedPart } from "../../src/services/uploads/uploads.ts";
import { ADMIN } from "../support/context.ts";
import { BYTES, deletionFixture } from "../support/deletion-fixture.ts";
import { withLimit } from "../support/limits.ts";

const fixture = deletionFixture();
const { start, project, keys } = fixture;
const HOUR_MS = 3_600_000;

async function open(sizeBytes = BYTES.length): Promise<Upload> {
  const input = { path: "a", sizeBytes, contentType: "text/plain", metadata: {} };
  return await fixture.service.services.uploads.open(ADMIN, "p1", input);
}

/** The part that a URL of our own server stands for. */
async function signedPart(upload: Upload): Promise<SignedPart> {
  const { url } = await fixture.service.services.uploads.partUrl(ADMIN, "p1", upload.id, 1);
  const { searchParams } = new URL(url, "http://localhost");
  return {
    projectUid: upload.projectUid,
    uploadId: upload.id,
    partNumber: 1,
    sizeBytes: Number(searchParams.get("length")),
    expiresAt: Number(searchParams.get("expires")),
    tag: searchParams.get("tag") ?? "",
  };
}

async function send(part: SignedPart, bytes = BYTES): Promise<unknown> {
  return await fixture.service.services.uploads.receivePart(part, bodyOf(bytes));
}

async function trash(): Promise<void> {
  await fixture.service.services.deletions.request(ADMIN, "p1", { graceMs: HOUR_MS });
}

describe("a part that comes to a URL of our own server", () => {
  it("is taken once its signature, its time and its length are right, and not else", async () => {
    await start();
    await project("p1");
    const part = await signedPart(await open());
    await expect(send({ ...part, partNumber: 2 })).rejects.toMatchObject({ code: "url-invalid" });
    await expect(send(part, BYTES.subarray(1))).rejects.toMatchObject({ code: "size-mismatch" });
    expect(await send(part)).toMatchObject({ partNumber: 1, sizeBytes: BYTES.length });
    await withLimit("partUrlExpiryMs", 0, async () => {
      const upload = await open();
      await expect(send(await signedPart(upload))).rejects.toMatchObject({
        code: "url-invalid",
        message: "The URL has expired.",
      });
    });
  });

  it("is refused once its upload or its project is none to write to any more", async () => {
    await start();
    await project("p1");
    const { services, context, objects } = fixture.service;
    const ended = await open();
    const gone = await open();
    const last = await open();
    const parts = [];
    for (const upload of [ended, gone, last]) parts.push(await signedPart(upload));
    const [endedPart, gonePart, lastPart] = parts as [SignedPart, SignedPart, SignedPart];
    await services.uploads.abort(ADMIN, "p1", ended.id);
    await expect(send(endedPart)).rejects.toMatchObject({ code: "upload-not-open" });
    await context.store.abortUpload(gone.key, gone.storeUploadId ?? "");
    await expect(send(gonePart)).rejects.toMatchObject({ code: "upload-not-open" });
    const refusal = new StoreError("io-error", "blocked", "the disk is gone");
    objects.failures.fail = (call) => (call === "uploadPart" ? refusal : null);
    await expect(send(lastPart)).rejects.toThrow(refusal.message);
    objects.failures.fail = null;
    await trash();
    await expect(send(lastPart)).rejects.toMatchObject({ code: "project-not-active" });
  });
});

describe("a direct upload", () => {
  it("of an empty file has no part and no object, and becomes a file all the same", async () => {
    await start();
    await project("p1");
    const { uploads, files } = fixture.service.services;
    const upload = await open(0);
    await expect(uploads.partUrl(ADMIN, "p1", upload.id, 1)).rejects.toMatchObject({
      code: "invalid-request",
    });
    expect(await uploads.listParts(ADMIN, "p1", upload.id)).toEqual([]);
    expect(await uploads.complete(ADMIN, "p1", upload.id)).toMatchObject({ created: true });
    expect(await files.head(ADMIN, "p1", "a")).toMatchObject({ sizeBytes: 0, key: null });
    expect(keys()).toEqual([]);
  });

  it("has no part beyond its last", async () => {
    await start();
    await project("p1");
    const { uploads } = fixture.service.services;
    const upload = await open();
    for (const number of [0, 2, 1.5]) {
      await expect(uploads.partUrl(ADMIN, "p1", upload.id, number)).rejects.toMatchObject({
        code: "invalid-request",
      });
    }
  });

  it("is completed by the parts that the caller names, quoted or not, and by no others", async () => {
    await start();
    await project("p1");
    const { uploads } = fixture.service.services;
    const upload = await open();
    await expect(uploads.complete(ADMIN, "p1", upload.id)).rejects.toMatchObject({
      code: "size-mismatch",
      details: { missing: [1] },
    });
    await send(await signedPart(upload));
    const [part] = await uploads.listParts(ADMIN, "p1", upload.id);
    const etag = part?.etag.replaceAll('"', "") ?? "";
    for (const wrong of [
      { partNumber: 1, etag: "other" },
      { partNumber: 2, etag },
    ]) {
      await expect(uploads.complete(ADMIN, "p1", upload.id, [wrong])).rejects.toMatchObject({
        code: "size-mismatch",
      });
    }
    const claimed = [{ partNumber: 1, etag: `"${etag}"` }];
    expect(await uploads.complete(ADMIN, "p1", upload.id, claimed)).toMatchObject({
      created: true,
    });
    expect(await uploads.complete(ADMIN, "p1", upload.id)).toMatchObject({ created: false });
    await expect(uploads.abort(ADMIN, "p1", upload.id)).rejects.toMatchObject({
      code: expect.stringMatching(/^upload-not-(?:open|found)$/) as string,
    });
  });

  it("that was ended, here or in the store, can neither be looked at nor completed", async () => {
    await start();
    await project("p1");
    const { services, context } = fixture.service;
    const ended = await open();
    await context.metadata.discardUpload(ended.id);
    const gone = await open();
    await context.store.abortUpload(gone.key, gone.storeUploadId ?? "");
    for (const { id } of [ended, gone]) {
      const refused = { code: "upload-not-open" };
      await expect(services.uploads.listParts(ADMIN, "p1", id)).rejects.toMatchObject(refused);
      await expect(services.uploads.complete(ADMIN, "p1", id)).rejects.toMatchObject(refused);
    }
  });

  it("ends with its file where Complete took effect and its answer was lost", async () => {
    await start();
    await project("p1");
    const { services, context, metadata } = fixture.service;
    const upload = await open();
    await send(await signedPart(upload));
    const parts = await services.uploads.listParts(ADMIN, "p1", upload.id);
    await metadata.beginCompleting(upload.id);
    await context.store.completeUpload(upload.key, upload.storeUploadId ?? "", parts);
    const done = await services.uploads.complete(ADMIN, "p1", upload.id);
    expect(done).toMatchObject({ created: true, file: { sizeBytes: BYTES.length } });
    expect(keys()).toEqual([upload.key]);
  });

  it("is completed by the parts that are there where Complete was begun and never sent", async () => {
    await start();
    await project("p1");
    const { services, metadata } = fixture.service;
    const upload = await open();
    await send(await signedPart(upload));
    await metadata.beginCompleting(upload.id);
    const done = await services.uploads.complete(ADMIN, "p1", upload.id);
    expect(done).toMatchObject({ created: true, file: { sizeBytes: BYTES.length } });
    expect(keys()).toEqual([upload.key]);
  });

  it("is not open any more where the store ended it after Complete was begun", async () => {
    await start();
    await project("p1");
    const { services, context, metadata } = fixture.service;
    const upload = await open();
    await send(await signedPart(upload));
    await metadata.beginCompleting(upload.id);
    await context.store.abortUpload(upload.key, upload.storeUploadId ?? "");
    await expect(services.uploads.complete(ADMIN, "p1", upload.id)).rejects.toMatchObject({
      code: "upload-not-open",
    });
    expect(keys()).toEqual([]);
  });

  it("may be completed again where it is not known whether Complete took effect", async () => {
    await start();
    await project("p1");
    const { services, objects } = fixture.service;
    const upload = await open();
    await send(await signedPart(upload));
    const refusal = new StoreError("access-denied", "blocked", "not now");
    objects.failures.fail = (call) => (call === "completeUpload" ? refusal : null);
    await expect(services.uploads.complete(ADMIN, "p1", upload.id)).rejects.toThrow("not now");
    objects.failures.fail = null;
    const done = await services.uploads.complete(ADMIN, "p1", upload.id);
    expect(done).toMatchObject({ created: true, file: { sizeBytes: BYTES.length } });
  });

  it("fails with the store's own error while its parts cannot be listed", async () => {
    await start();
    await project("p1");
    const { services, metadata, objects } = fixture.service;
    const upload = await open();
    const refusal = new StoreError("io-error", "blocked", "the disk is gone");
    objects.failures.fail = (call) => (call === "listParts" ? refusal : null);
    await expect(services.uploads.complete(ADMIN, "p1", upload.id)).rejects.toThrow(
      refusal.message,
    );
    await metadata.beginCompleting(upload.id);
    await expect(services.uploads.complete(ADMIN, "p1", upload.id)).rejects.toThrow(
      refusal.message,
    );
  });

  it("of a trashed project is neither opened nor completed nor ended by its caller", async () => {
    await start();
    await project("p1");
    const { uploads } = fixture.service.services;
    const { id } = await open();
    await trash();
    const refused = { code: "project-not-active" };
    await expect(open()).rejects.toMatchObject(refused);
    await expect(uploads.partUrl(ADMIN, "p1", id, 1)).rejects.toMatchObject(refused);
    await expect(uploads.complete(ADMIN, "p1", id)).rejects.toMatchObject(refused);
    await expect(uploads.abort(ADMIN, "p1", id)).rejects.toMatchObject(refused);
  });

  it("that is sent straight to the store has a URL of the store, for no longer than it lives", async () => {
    await start({ store: { presign: true } });
    await project("p1");
    const { services, metadata } = fixture.service;
    const { id } = await open();
    const { url, expiresAt } = await services.uploads.partUrl(ADMIN, "p1", id, 1);
    expect(url).not.toContain("/v1/upload-parts/");
    expect(expiresAt).toBeGreaterThan(await metadata.now());
  });
});

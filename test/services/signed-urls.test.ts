import { describe, expect, it } from "vitest";
import type { FileRow } from "../../src/core/model.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { ADMIN, putText } from "../support/context.ts";
import { deletionFixture } from "../support/deletion-fixture.ts";

const fixture = deletionFixture();
const { start, project, deleteAndWait } = fixture;
const HOUR_MS = 3_600_000;

interface Named {
  readonly projectUid: string;
  readonly fileUid: string;
  readonly expiresAt: number;
  readonly tag: string;
}

/** What a URL of our own names. */
async function urlOf(path: string, expiresInMs = HOUR_MS): Promise<Named> {
  const { signedUrls } = fixture.service.services;
  const { url } = await signedUrls.sign(ADMIN, "p1", path, expiresInMs);
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const [fileUid = "", projectUid = ""] = pathname.split("/").toReversed();
  const expiresAt = Number(searchParams.get("expires"));
  return { projectUid, fileUid, expiresAt, tag: searchParams.get("tag") ?? "" };
}

async function resolve(path: string, named: Named): Promise<FileRow> {
  const { projectUid, fileUid, expiresAt, tag } = named;
  const { signedUrls } = fixture.service.services;
  return await signedUrls.resolve(projectUid, fileUid, path, expiresAt, tag);
}

describe("a signed URL of our own", () => {
  it("leads to its file while that is the one at its path, also of a trashed project", async () => {
    await start();
    await project("p1");
    await putText(fixture.service, "p1", "a/b.txt", "one");
    const named = await urlOf("a/b.txt");
    expect(await resolve("a/b.txt", named)).toMatchObject({ uid: named.fileUid });
    await putText(fixture.service, "p1", "c.txt", "two");
    const other = await urlOf("c.txt");
    await putText(fixture.service, "p1", "c.txt", "three");
    await expect(resolve("c.txt", other)).rejects.toMatchObject({ code: "file-not-found" });
    const { deletions, signedUrls } = fixture.service.services;
    await deletions.request(ADMIN, "p1", { graceMs: HOUR_MS });
    expect(await resolve("a/b.txt", named)).toMatchObject({ uid: named.fileUid });
    await expect(signedUrls.sign(ADMIN, "p1", "a/b.txt", HOUR_MS)).rejects.toMatchObject({
      code: "project-not-active",
    });
    await deletions.restore(ADMIN, "p1");
    await deleteAndWait("p1");
    await expect(resolve("a/b.txt", named)).rejects.toMatchObject({ code: "file-not-found" });
  });

  it("is nothing once it was changed or its time is over", async () => {
    await start();
    await project("p1");
    await putText(fixture.service, "p1", "a.txt", "one");
    const named = await urlOf("a.txt");
    const later = { ...named, expiresAt: named.expiresAt + 1 };
    await expect(resolve("a.txt", later)).rejects.toMatchObject({ code: "url-invalid" });
    await expect(resolve("a.txt", await urlOf("a.txt", 0))).rejects.toMatchObject({
      message: "The URL has expired.",
    });
  });
});

describe("a signed URL of the store", () => {
  it("lives no longer than a store's may, and an empty file has none", async () => {
    await start({ store: { presign: true } });
    await project("p1");
    await putText(fixture.service, "p1", "a.txt", "one");
    await putText(fixture.service, "p1", "empty", "");
    const { services, metadata } = fixture.service;
    const before = await metadata.now();
    const wished = LIMITS.storeUrlExpiryMaxMs * 2;
    const stored = await services.signedUrls.sign(ADMIN, "p1", "a.txt", wished);
    expect(stored.url).not.toContain("/v1/downloads/");
    expect(stored.expiresAt - before).toBeLessThan(wished);
    const own = await services.signedUrls.sign(ADMIN, "p1", "empty", wished);
    expect(own.url).toContain("/v1/downloads/");
    expect(own.expiresAt - before).toBeGreaterThanOrEqual(wished);
  });
});

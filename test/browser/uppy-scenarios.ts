import { createHash } from "node:crypto";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ExpungeClient } from "../../src/client/index.ts";
import { isExpungeClientError } from "../../src/client/index.ts";
import { openBrowser } from "./chromium.ts";

export interface UppyFixture extends AsyncDisposable {
  /** Where the application is. */
  readonly url: string;
  readonly client: ExpungeClient;
  readonly projectId: string;
}

const MIB = 1024 * 1024;
/** Two parts of 16 MiB and a small one. */
const FILE_MIB = 33;
const TIMEOUT_MS = 180_000;

function sha256OfFile(): string {
  const hash = createHash("sha256");
  for (let i = 0; i < FILE_MIB; i++) hash.update(new Uint8Array(MIB).fill(i + 1));
  return hash.digest("hex");
}

async function sha256Of(client: ExpungeClient, projectId: string, path: string): Promise<string> {
  const { body } = await client.files.get(projectId, path);
  const hash = createHash("sha256");
  for await (const chunk of body ?? []) hash.update(chunk);
  return hash.digest("hex");
}

/** Uppy's AwsS3 plugin as it is, in a real browser, by the lines of docs/uploads.md. */
export function describeUppy(store: string, open: () => Promise<UppyFixture>): void {
  describe(`Uppy before ${store}`, { timeout: TIMEOUT_MS }, () => {
    let fixture: UppyFixture;
    let browser: Browser;
    let page: Page;
    /** The parts that went out, by their numbers. */
    let sent: string[];

    beforeAll(async () => {
      fixture = await open();
      browser = await openBrowser();
    }, TIMEOUT_MS);
    afterAll(async () => {
      await browser?.close();
      await fixture?.[Symbol.asyncDispose]();
    }, TIMEOUT_MS);
    beforeEach(async () => {
      page = await browser.newPage();
      sent = [];
      page.on("requestfinished", (request) => {
        const url = new URL(request.url());
        if (request.method() !== "PUT") return;
        sent.push(url.searchParams.get("partNumber") ?? url.pathname.split("/").at(-1) ?? "");
      });
      await page.goto(fixture.url);
      await page.waitForFunction("globalThis.uppy !== undefined");
    });
    afterEach(() => page.close());

    const run = async (code: string): Promise<unknown> => await page.evaluate(code);
    const uploadIdOf = async (name: string): Promise<string> =>
      String(await run(`uppy.getFiles().find((f) => f.name === "${name}").s3Multipart.uploadId`));
    const isWhole = async (name: string): Promise<boolean> =>
      (await sha256Of(fixture.client, fixture.projectId, `uploads/${name}`)) === sha256OfFile();

    it("sends a file in parts, straight to the store", async () => {
      await run(`add("whole.mp4", ${FILE_MIB})`);
      await run("begin()");
      expect(await run("ended()")).toEqual({ successful: 1, failed: [] });
      expect(sent).toEqual(["1", "2", "3"]);
      const facts = await fixture.client.files.head(fixture.projectId, "uploads/whole.mp4");
      expect([facts.contentType, facts.sizeBytes]).toEqual(["video/mp4", FILE_MIB * MIB]);
      expect(await isWhole("whole.mp4")).toBe(true);
    });

    it("goes on after a reload with the parts that have not arrived", async () => {
      await run(`add("reloaded.mp4", ${FILE_MIB})`);
      await run("begin()");
      await run("localStorage.setItem('kept', JSON.stringify(uppy.getFiles()[0].s3Multipart))");
      await page.reload();
      await page.waitForFunction("globalThis.uppy !== undefined");
      const before = sent.length;
      await run(`{
        const id = add("reloaded.mp4", ${FILE_MIB});
        uppy.setFileState(id, { s3Multipart: JSON.parse(localStorage.getItem("kept")) });
      }`);
      await run("begin()");
      expect(await run("ended()")).toEqual({ successful: 1, failed: [] });
      expect(sent[0]).toBe("1");
      expect(sent.slice(before)).not.toContain("1");
      expect(await isWhole("reloaded.mp4")).toBe(true);
    });

    it("sends nothing while it is paused, and all of it in the end", async () => {
      await run(`add("paused.mp4", ${FILE_MIB})`);
      await run("begin()");
      await run("uppy.pauseAll()");
      const uploadId = await uploadIdOf("paused.mp4");
      const { client, projectId } = fixture;
      const arrived = await client.uploads.parts(projectId, uploadId);
      expect(arrived.length).toBeLessThan(3);
      expect(await client.files.exists(projectId, "uploads/paused.mp4")).toBe(false);
      await run("uppy.resumeAll()");
      expect(await run("ended()")).toEqual({ successful: 1, failed: [] });
      expect(await isWhole("paused.mp4")).toBe(true);
    });

    it("aborts in the store what is cancelled", async () => {
      await run(`add("cancelled.mp4", ${FILE_MIB})`);
      await run("begin()");
      const uploadId = await uploadIdOf("cancelled.mp4");
      const aborted = page.waitForResponse((answer) => answer.request().method() === "DELETE");
      await run("uppy.cancelAll()");
      expect((await aborted).status()).toBe(200);
      const { client, projectId } = fixture;
      const parts = client.uploads.parts(projectId, uploadId);
      await expect(parts).rejects.toSatisfy((error) =>
        isExpungeClientError(error, "upload-not-found"),
      );
      expect(await client.files.exists(projectId, "uploads/cancelled.mp4")).toBe(false);
    });

    it("sends an empty file, and is told when a name is none", async () => {
      await run('add("empty.txt", 0)');
      await run("begin()");
      expect(await run("ended()")).toEqual({ successful: 1, failed: [] });
      const { client, projectId } = fixture;
      expect((await client.files.head(projectId, "uploads/empty.txt")).sizeBytes).toBe(0);
      await run("uppy.clear()");
      await run(`add("a/../../b", 1)`);
      await run("begin()");
      expect(await run("ended()")).toMatchObject({ successful: 0, failed: [expect.any(String)] });
    });
  });
}

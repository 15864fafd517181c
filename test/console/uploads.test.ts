import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DAY_MS } from "../../src/core/limits/units.ts";
import { temporaryDir } from "../support/service-process.ts";
import { auditAll, planRemovalOfOrphans } from "./steps.ts";
import { ConsoleFixture } from "./support.ts";

const TIMEOUT_MS = 300_000;
const WAIT_MS = 180_000;
const LARGE_BYTES = 200_000_000;
const MANY = 200;

describe("the console with much to upload, and with much amiss", { timeout: TIMEOUT_MS }, () => {
  let fixture: ConsoleFixture;
  let files: Awaited<ReturnType<typeof temporaryDir>>;
  beforeAll(async () => {
    files = await temporaryDir();
    fixture = await ConsoleFixture.open();
    fixture.page.setDefaultTimeout(WAIT_MS);
    await fixture.signIn();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await fixture?.[Symbol.asyncDispose]();
    await files?.[Symbol.asyncDispose]();
  }, TIMEOUT_MS);

  it("uploads a folder of 200 files, each to its path", async () => {
    const { page, client } = fixture;
    const folder = join(files.path, "album");
    await mkdir(join(folder, "inner"), { recursive: true });
    for (let at = 0; at < MANY; at++) {
      await writeFile(join(folder, at % 2 === 0 ? "inner" : ".", `${at}.txt`), `file ${at}`);
    }
    const { id } = await client.projects.create({ name: "Folder" });
    await page.goto(`${fixture.url}/projects/${id}`);
    await page.locator('input[aria-label="Folder to upload"]').setInputFiles(folder);
    await page.getByText("200 of 200 files uploaded").waitFor();
    expect((await client.projects.get(id)).fileCount).toBe(MANY);
    expect(await (await client.files.get(id, "album/inner/42.txt")).text()).toBe("file 42");
  });

  it("takes files and a folder that are dropped on it, and stays where they miss it", async () => {
    const { page, client, context } = fixture;
    const dropped = join(files.path, "dropped");
    await mkdir(join(dropped, "deep", "deeper"), { recursive: true });
    await writeFile(join(dropped, "deep", "deeper", "leaf.txt"), "leaf");
    await writeFile(join(files.path, "single.txt"), "single");
    const { id } = await client.projects.create({ name: "Dropped" });
    await page.goto(`${fixture.url}/projects/${id}`);
    // As the system drags them over the window.
    const system = await context.newCDPSession(page);
    const drop = async (text: string): Promise<void> => {
      const box = await page.getByText(text).boundingBox();
      const at = { x: (box?.x ?? 0) + 2, y: (box?.y ?? 0) + 2 };
      const data = { items: [], files: [dropped, join(files.path, "single.txt")] };
      for (const type of ["dragEnter", "dragOver", "drop"] as const) {
        const event = { type, ...at, data: { ...data, dragOperationsMask: 1 } };
        await system.send("Input.dispatchDragEvent", event);
      }
    };
    await page.getByText("No files yet").waitFor();
    await drop("No files yet");
    await drop("Drop files or folders here");
    await page.getByText("2 of 2 files uploaded").waitFor();
    expect(await (await client.files.get(id, "single.txt")).text()).toBe("single");
    const leaf = await client.files.get(id, "dropped/deep/deeper/leaf.txt");
    expect(await leaf.text()).toBe("leaf");
  });

  it("uploads 200 MB in parts, through a pause", async () => {
    const { page, client } = fixture;
    const path = join(files.path, "film.mp4");
    await writeFile(path, Buffer.alloc(LARGE_BYTES, "film"));
    const { id } = await client.projects.create({ name: "Large" });
    await page.goto(`${fixture.url}/projects/${id}`);
    await page.getByLabel("Files to upload").setInputFiles(path);
    await page.getByRole("button", { name: "Pause film.mp4" }).click();
    await page.getByRole("button", { name: "Resume film.mp4" }).waitFor();
    expect(await fixture.axe()).toEqual([]);
    expect(await client.files.exists(id, "film.mp4")).toBe(false);
    await page.getByRole("button", { name: "Resume film.mp4" }).click();
    await page.getByText("1 of 1 file uploaded").waitFor();
    expect((await client.files.head(id, "film.mp4")).sizeBytes).toBe(LARGE_BYTES);
  });

  it("shows an orphan that an audit found, what it costs, and removes it after the plan", async () => {
    const { page, client } = fixture;
    const { uid } = await client.projects.create({ name: "Orphaned" });
    const { uid: other } = await client.projects.create({ name: "Other" });
    const dir = join(fixture.dataDir, "objects/projects", uid);
    await mkdir(dir, { recursive: true });
    const orphan = join(dir, other);
    await writeFile(orphan, "nobody's");
    const old = new Date(Date.now() - 100 * DAY_MS);
    await utimes(orphan, old, old);
    await auditAll(page);
    await page.getByText("1 difference between store and database").waitFor();
    await page.getByRole("heading", { name: "What it costs a month" }).waitFor();
    const ages = page.getByRole("list", { name: "Findings by age" }).getByRole("listitem");
    const priced = /1 finding, 8 bytes, 0\.0000 a month/;
    await ages.filter({ hasText: "Up to a year" }).filter({ hasText: priced }).waitFor();
    await page.getByRole("cell", { name: `projects/${uid}/${other}` }).waitFor();
    expect(await fixture.axe()).toEqual([]);
    await planRemovalOfOrphans(page);
    expect(await fixture.axe()).toEqual([]);
    await page.getByRole("button", { name: "Do it" }).click();
    await page.getByText("1 difference mended").waitFor();
    await page.getByRole("button", { name: "Run another" }).click();
    await page.getByText("Store and database agree").waitFor();
    await page.getByRole("link", { name: "Audit" }).click();
    const earlier = page.getByRole("region", { name: "Earlier audits" }).last();
    await earlier.getByRole("cell", { name: "nothing found" }).waitFor();
    const outcomes = await earlier.getByRole("cell").allInnerTexts();
    const found = outcomes.filter((text) => text.includes("found"));
    expect(found).toEqual(["nothing found", "1 found, 1 mended", "1 found"]);
    expect(await fixture.axe()).toEqual([]);
    await earlier.getByRole("link").last().click();
    await page.getByText("1 difference between store and database").waitFor();
  });
});

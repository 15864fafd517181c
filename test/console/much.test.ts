import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DAY_MS } from "../../src/core/limits/units.ts";
import { inParallel } from "../e2e/planting.ts";
import { temporaryDir } from "../support/service-process.ts";
import { auditAll, planRemovalOfOrphans } from "./steps.ts";
import { bestOf, forgetFacts, observeFacts, type PageFacts, readFacts } from "./page-facts.ts";
import { ConsoleFixture } from "./support.ts";

const TIMEOUT_MS = 300_000;
const WAIT_MS = 180_000;
const LARGE_BYTES = 200_000_000;
const MANY = 200;
const LISTED = 10_000;
const CONFIG = { layouts: [{ name: "album", template: "legacy/{project}/**" }] };
/** Of the first screen, with nothing in the cache; Lighthouse calls these good. */
const FIRST_PAINT_MAX_MS = 1800;
const BLOCKED_MAX_MS = 200;
const SHIFT_MAX = 0.1;
/** Of all frames while a table is scrolled. */
const LATE_FRAMES_MAX = 0.03;
const TRANSFERRED_MAX_BYTES = 250_000;

describe("the console with much to upload, to show and to mend", { timeout: TIMEOUT_MS }, () => {
  let fixture: ConsoleFixture;
  let files: Awaited<ReturnType<typeof temporaryDir>>;
  beforeAll(async () => {
    files = await temporaryDir();
    await writeFile(join(files.path, "expunge.config.json"), JSON.stringify(CONFIG));
    fixture = await ConsoleFixture.open({ cwd: files.path });
    fixture.page.setDefaultTimeout(WAIT_MS);
    await fixture.signIn();
    await observeFacts(fixture.page);
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

  it("shows ten thousand files of the service, and has only those in sight in the page", async () => {
    const { page, client } = fixture;
    const album = join(fixture.dataDir, "objects/legacy/album");
    await mkdir(album, { recursive: true });
    await inParallel(LISTED, (at) => writeFile(join(album, `${at}.txt`), "text"));
    const { id } = await client.adoptions.start({ dryRun: false, minAge: "0s" });
    const stateOf = async (): Promise<string> => (await client.adoptions.get(id)).state;
    await expect.poll(stateOf, { timeout: WAIT_MS, interval: 200 }).toBe("completed");
    await page.goto(`${fixture.url}/projects/album`);
    await page.getByText("10,000 files").waitFor();
    expect(await page.getByRole("row").count()).toBeLessThan(100);
    await page.getByRole("region", { name: "Files" }).focus();
    await page.keyboard.press("End");
    await page.getByRole("cell", { name: "legacy/album/9999.txt", exact: true }).waitFor();
    await page.keyboard.press("Home");
    await page.getByRole("cell", { name: "legacy/album/0.txt", exact: true }).waitFor();
  });

  it("scrolls through them without a long frame and without a jump", async () => {
    const { page } = fixture;
    await page.getByRole("region", { name: "Files" }).hover();
    const isSmooth = ({ lateFrames }: PageFacts): boolean => lateFrames === 0;
    const scrolled = await bestOf(isSmooth, async () => {
      await forgetFacts(page);
      for (let turns = 0; turns < 40; turns++) await page.mouse.wheel(0, 700);
      return await readFacts(page);
    });
    expect(scrolled.frames).toBeGreaterThan(40);
    // None where the machine does nothing else; one that does holds up a few.
    expect(scrolled.lateFrames / scrolled.frames).toBeLessThan(LATE_FRAMES_MAX);
    expect(scrolled.shift).toBeLessThan(0.01);
    expect(await page.evaluate("document.querySelector('.rows-scroll').scrollTop")).toBeGreaterThan(
      20_000,
    );
  });

  it("sorts and searches them in a moment", async () => {
    const { page } = fixture;
    const isPrompt = ({ blockedMs }: PageFacts): boolean => blockedMs < BLOCKED_MAX_MS;
    const changed = await bestOf(isPrompt, async () => {
      await forgetFacts(page);
      await page.getByRole("columnheader", { name: "Path" }).getByRole("button").click();
      await page.getByLabel("Search in the paths").fill("99");
      await page.getByText("280 files").waitFor();
      await page.getByLabel("Search in the paths").fill("");
      await page.getByText("10,000 files").waitFor();
      return await readFacts(page);
    });
    expect(changed.blockedMs).toBeLessThan(BLOCKED_MAX_MS);
  });

  it("keeps the first load within its budgets, lets nothing jump on any screen, and notes a jump where there is one", async () => {
    const { page } = fixture;
    const system = await fixture.context.newCDPSession(page);
    await system.send("Network.enable");
    await system.send("Network.setCacheDisabled", { cacheDisabled: true });
    const isFast = ({ firstPaintMs, blockedMs }: PageFacts): boolean =>
      firstPaintMs < FIRST_PAINT_MAX_MS && blockedMs < BLOCKED_MAX_MS;
    const loaded = await bestOf(isFast, async () => {
      await page.goto(fixture.url);
      await page.getByRole("table", { name: "Projects" }).waitFor();
      await page.waitForLoadState("networkidle");
      return await readFacts(page);
    });
    expect(loaded.firstPaintMs).toBeLessThan(FIRST_PAINT_MAX_MS);
    expect(loaded.blockedMs).toBeLessThan(BLOCKED_MAX_MS);
    expect(loaded.shift).toBeLessThan(SHIFT_MAX);
    expect(loaded.transferredBytes).toBeGreaterThan(50_000);
    expect(loaded.transferredBytes).toBeLessThan(TRANSFERRED_MAX_BYTES);
    await system.detach();
    for (const screen of ["deletions", "audit", "doctor", "tokens", "settings", "projects/album"]) {
      await page.goto(`${fixture.url}/${screen}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
      expect((await readFacts(page)).shift, screen).toBeLessThan(SHIFT_MAX);
    }
    await page.evaluate("document.querySelector('main').style.marginTop = '300px'");
    await expect.poll(async () => (await readFacts(page)).shift).toBeGreaterThan(SHIFT_MAX);
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

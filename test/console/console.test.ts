import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tabTo } from "./steps.ts";
import { ConsoleFixture } from "./support.ts";

const BUILT = join(import.meta.dirname, "../../dist/console");
/** What is to be loaded before anything is shown, compressed. */
const FIRST_LOAD_BYTES_MAX = 250_000;
const TIMEOUT_MS = 300_000;
/** A machine that does much else is slow to paint, too. */
const WAIT_MS = 60_000;
const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

function text(name: string, sizeBytes = 1000) {
  return { name, mimeType: "text/plain", buffer: Buffer.alloc(sizeBytes, "x") };
}

function withOtherByte(text: string, where: number): string {
  const at = Math.floor(where);
  return text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
}

describe("the console on the embedded default", { timeout: TIMEOUT_MS }, () => {
  let fixture: ConsoleFixture;
  beforeAll(async () => {
    fixture = await ConsoleFixture.open();
    fixture.page.setDefaultTimeout(WAIT_MS);
  }, TIMEOUT_MS);
  afterAll(() => fixture?.[Symbol.asyncDispose](), TIMEOUT_MS);

  it("loads less than 250 kB before the first screen, compressed", () => {
    const html = readFileSync(join(BUILT, "index.html"), "utf8");
    const named = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(
      ([, path = ""]) => path,
    );
    expect(named.length).toBeGreaterThan(1);
    const sizes = ["index.html", ...named].map((path) => statSync(join(BUILT, `${path}.gz`)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(FIRST_LOAD_BYTES_MAX);
    expect(html).not.toMatch(/<style|<script(?![^>]* src=)|style="/);
    expect(readdirSync(join(BUILT, "assets")).every((name) => /-[\w-]{8}\./.test(name))).toBe(true);
  });

  it("gives its page anew each time, and its files for good, under a policy without inline code", async () => {
    const page = await fetch(`${fixture.url}/projects/anything`);
    expect([page.status, page.headers.get("cache-control")]).toEqual([200, "no-cache"]);
    const policy = page.headers.get("content-security-policy");
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain("unsafe");
    const [, script = ""] = /src="(\/assets\/[^"]+)"/.exec(await page.text()) ?? [];
    const file = await fetch(fixture.url + script, { headers: { "accept-encoding": "gzip" } });
    expect(file.headers.get("content-encoding")).toBe("gzip");
    expect(file.headers.get("cache-control")).toContain("immutable");
    const plain = await fetch(fixture.url + script, { headers: { "accept-encoding": "gzip;q=0" } });
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect((await fetch(`${fixture.url}/assets/none.js`)).status).toBe(404);
    expect((await fetch(`${fixture.url}/elsewhere`)).status).toBe(404);
  });

  it("asks whoever is not signed in for a link, and lets in whoever opens one, once", async () => {
    const { page } = fixture;
    await page.goto(`${fixture.url}/deletions`);
    await page.getByRole("heading", { name: "Sign in to expunge" }).waitFor();
    expect(await fixture.axe()).toEqual([]);
    const link = fixture.signInLink;
    await fixture.signIn();
    expect(page.url()).toBe(`${fixture.url}/`);
    const other = await fixture.browser.newContext();
    const second = await other.newPage();
    await second.goto(link);
    await second.getByText("You are not signed in").waitFor({ timeout: WAIT_MS });
    await other.close();
  });

  it("makes a project and uploads files into it, by keyboard as by pointer", async () => {
    const { page } = fixture;
    await page.getByRole("heading", { name: "No projects yet" }).waitFor();
    expect(await fixture.axe()).toEqual([]);
    await page.getByRole("button", { name: "New project" }).first().focus();
    await page.keyboard.press("Enter");
    const name = page.getByRole("textbox", { name: "Name", exact: true });
    await name.fill("Holiday");
    await page.getByLabel("Limit in gigabytes").fill("1");
    expect(await fixture.axe()).toEqual([]);
    await name.press("Enter");
    await page.getByRole("heading", { name: "Holiday" }).waitFor();
    await page
      .getByLabel("Files to upload")
      .setInputFiles([
        { name: "photo.png", mimeType: "image/png", buffer: Buffer.from(PIXEL, "base64") },
        text("empty.txt", 0),
        ...Array.from({ length: 18 }, (_, at) => text(`note-${at}.txt`, 1000 * (at + 1))),
      ]);
    await page.getByText("20 of 20 files uploaded").waitFor();
    await page.getByRole("cell", { name: "note-17.txt", exact: true }).waitFor();
    expect(await fixture.axe()).toEqual([]);
    await page.getByText("Pictures", { exact: true }).click();
    const width = "document.querySelector('img.thumb')?.naturalWidth";
    await expect.poll(() => page.evaluate(width), { timeout: WAIT_MS }).toBe(1);
    expect(await fixture.axe()).toEqual([]);
    await page.getByRole("tab", { name: "Activity" }).click();
    await page.getByRole("cell", { name: "complete upload" }).first().waitFor();
  });

  it("moves and deletes files, places a hold and releases it", async () => {
    const { page, client } = fixture;
    const id = (await client.projects.list()).items[0]?.id ?? "";
    const dialog = page.getByRole("dialog");
    await page.getByRole("tab", { name: "Files" }).click();
    await page.getByLabel("Select note-17.txt").check();
    await page.getByRole("button", { name: "Move ..." }).click();
    await dialog.getByLabel("New path").fill("notes/last.txt");
    expect(await fixture.axe()).toEqual([]);
    await dialog.getByRole("button", { name: "Move" }).click();
    await page.getByRole("cell", { name: "notes/last.txt", exact: true }).waitFor();
    expect((await client.files.head(id, "notes/last.txt")).sizeBytes).toBe(18_000);
    for (const path of ["note-0.txt", "note-1.txt"])
      await page.getByLabel(`Select ${path}`).check();
    await page.getByRole("button", { name: "Delete 2 files ..." }).click();
    expect(await fixture.axe()).toEqual([]);
    await dialog.getByRole("button", { name: "Delete 2 files" }).click();
    await dialog.getByText("Each file was removed, and that was checked").waitFor();
    expect(await client.files.exists(id, "note-1.txt")).toBe(false);
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await page.getByRole("button", { name: "Place a hold ..." }).click();
    await dialog.getByLabel("Reason").fill("a lawsuit");
    expect(await fixture.axe()).toEqual([]);
    await dialog.getByRole("button", { name: "Place a hold" }).click();
    await page.getByText("On hold: nothing of it can be deleted or replaced").waitFor();
    const remove = page.getByRole("button", { name: "Delete the project ..." });
    expect(await remove.isDisabled()).toBe(true);
    expect(await fixture.axe()).toEqual([]);
    await page.getByRole("button", { name: "Release the hold ..." }).click();
    expect(await fixture.axe()).toEqual([]);
    await dialog.getByRole("button", { name: "Release the hold" }).click();
    await expect.poll(() => remove.isDisabled(), { timeout: WAIT_MS }).toBe(false);
  });

  it("shows the plan, deletes after the name was typed, and verifies the receipt, by keyboard alone", async () => {
    const { page } = fixture;
    await page.reload();
    await tabTo(page, page.getByRole("button", { name: "Delete the project ..." }));
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByText("This would remove").waitFor();
    await dialog.getByText("17 objects").waitFor();
    expect(await fixture.axe()).toEqual([]);
    const confirm = dialog.getByRole("button", { name: "Delete the project" });
    expect(await confirm.isDisabled()).toBe(true);
    await tabTo(page, dialog.getByLabel("Type the project's name"));
    await page.keyboard.type("Holiday");
    await tabTo(page, confirm);
    await page.keyboard.press("Enter");
    await page.getByText("Everything is gone, and that was checked").waitFor();
    await page.reload();
    await tabTo(page, page.getByRole("button", { name: "Verify the signature" }));
    await page.keyboard.press("Enter");
    await page.getByText("The signature is valid").waitFor();
    expect(await fixture.axe()).toEqual([]);
    const [deletion] = (await fixture.client.deletions.list()).items;
    expect([deletion?.state, page.url()]).toEqual([
      "completed",
      `${fixture.url}/deletions/${deletion?.id}`,
    ]);
  });

  it.each([
    ["a byte of its signature was changed", (jws: string) => withOtherByte(jws, jws.length - 8)],
    ["a byte of what it says was changed", (jws: string) => withOtherByte(jws, jws.length / 2)],
    ["a part of it is missing", (jws: string) => jws.slice(0, jws.lastIndexOf("."))],
  ])("says that a receipt is not valid when %s", async (_, change) => {
    const { page } = fixture;
    const [deletion] = (await fixture.client.deletions.list()).items;
    const receipt = change(deletion?.receipt ?? "");
    await page.route(`**/v1/deletions/${deletion?.id}`, (route) =>
      route.fulfill({ json: { ...deletion, receipt } }),
    );
    await page.reload();
    await page.getByRole("button", { name: "Verify the signature" }).click();
    await page.getByText("The signature is not valid").waitFor();
    await page.unroute(`**/v1/deletions/${deletion?.id}`);
  });

  it("puts a project into the trash, and brings it back", async () => {
    const { page, client } = fixture;
    const { id } = await client.projects.create({ name: "Undone" });
    await client.files.put(id, "kept.txt", "kept");
    await page.goto(`${fixture.url}/projects/${id}`);
    await page.getByRole("button", { name: "Delete the project ..." }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("This would remove").waitFor();
    await dialog.getByRole("combobox", { name: "Time in which it can be undone" }).click();
    await page.getByRole("option", { name: "3 days" }).click();
    await dialog.getByLabel("Type the project's name").fill("Undone");
    await dialog.getByRole("button", { name: "Delete the project" }).click();
    await page.getByText("this can still be undone").waitFor();
    expect(await fixture.axe()).toEqual([]);
    await page.getByRole("link", { name: "Projects" }).click();
    await page.getByText("will be deleted in 3 days").waitFor();
    await page.getByRole("button", { name: "Restore Undone" }).click();
    await page.getByRole("cell", { name: "active" }).waitFor();
    expect((await client.projects.get(id)).state).toBe("active");
  });

  it("has screens for audit, doctor, tokens and settings that axe finds nothing wrong with", async () => {
    const { page } = fixture;
    await page.getByRole("link", { name: "Audit" }).click();
    await page.getByRole("button", { name: "Run an audit" }).click();
    await page.getByText("Store and database agree").waitFor();
    expect(await fixture.axe()).toEqual([]);
    await page.getByRole("link", { name: "Doctor" }).click();
    await page.getByText("No problem found").waitFor();
    expect(await fixture.axe()).toEqual([]);
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByRole("cell", { name: "EXPUNGE_STORE", exact: true }).waitFor();
    expect(await fixture.axe()).toEqual([]);
    await page.getByRole("link", { name: "Tokens" }).click();
    await page.getByRole("button", { name: "New token" }).first().click();
    await page.getByRole("textbox", { name: "Name", exact: true }).fill("web");
    expect(await fixture.axe()).toEqual([]);
    await page.getByRole("button", { name: "Make the token" }).click();
    await page.getByText("xp_", { exact: false }).first().waitFor();
    expect(await fixture.axe()).toEqual([]);
    await fixture.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Copy" }).click();
    const copied = (): Promise<unknown> => page.evaluate("navigator.clipboard.readText()");
    await expect.poll(copied).toMatch(/^xp_token_\w+/);
    await page.getByRole("button", { name: "I have it" }).click();
    await page.getByRole("button", { name: "Revoke web" }).click();
    await page.getByText(/^revoked /).waitFor();
    expect(await fixture.axe()).toEqual([]);
  });

  it("ran nothing inline, failed nowhere, and asked nobody but the service", () => {
    fixture.expectClean();
    expect(fixture.hosts.size).toBe(1);
  });
});

// Writes docs/console/*.png anew, from a real service with a little in it.
import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DAY_MS } from "../../src/core/limits/units.ts";
import { ConsoleFixture } from "./support.ts";

const DIR = join(import.meta.dirname, "../../docs/console");
const KINDS = ["notes/day-1.md", "notes/day-2.md", "films/arrival.mp4", "maps/coast.pdf"];

await mkdir(DIR, { recursive: true });
await using fixture = await ConsoleFixture.open();
const { page, client } = fixture;
page.setDefaultTimeout(120_000);

async function shot(name: string): Promise<void> {
  await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
  await page.evaluate("document.activeElement?.blur(); document.fonts.ready");
  await page.screenshot({ path: join(DIR, `${name}.png`) });
}

async function show(path: string, heading: string): Promise<void> {
  await page.goto(fixture.url + path);
  await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
}

await show("/", "Sign in to expunge");
await shot("sign-in");
await fixture.signIn();
const { id } = await client.projects.create({ name: "Holiday film", quotaBytes: 1e9 });
for (const path of KINDS) await client.files.put(id, path, "x".repeat(path.length * 4000));
const trashed = await client.projects.create({ name: "Old website" });
await client.files.put(trashed.id, "index.html", "<p>old</p>");
await client.projects.requestDeletion(trashed.id, { grace: "72h" });
const held = await client.projects.create({ name: "Contract" });
await client.holds.place(held.id, "a lawsuit");
await show("/", "Projects");
await page.getByText("in 3 days").waitFor();
await shot("projects");
await show(`/projects/${id}`, "Holiday film");
await page.getByText("4 files").waitFor();
await shot("project");
await page.getByRole("button", { name: "Delete the project ..." }).click();
await page.getByText("This would remove").waitFor();
await shot("delete");
const gone = await client.projects.create({ name: "Draft" });
for (const path of KINDS) await client.files.put(gone.id, path, "x".repeat(path.length * 4000));
const deletion = await client.projects.delete(gone.id);
await show(`/deletions/${deletion.id}`, "Deletion of");
await page.getByRole("button", { name: "Verify the signature" }).click();
await page.getByText("The signature is valid").waitFor();
await shot("receipt");
await page.evaluate("scrollTo(0, 0)");
await shot("deletion");
await show("/deletions", "Deletions");
await page.getByText("2 deletions").waitFor();
await shot("deletions");
const orphans = await client.projects.create({ name: "Imported" });
const dir = join(fixture.dataDir, "objects/projects", orphans.uid);
await mkdir(dir, { recursive: true });
for (const [uid, days] of [
  [held.uid, 3],
  [trashed.uid, 100],
] as const) {
  const orphan = join(dir, uid);
  await writeFile(orphan, "x".repeat(5e6));
  const then = new Date(Date.now() - days * DAY_MS);
  await utimes(orphan, then, then);
}
await show("/audit", "Audit");
await page.getByRole("combobox", { name: "Judge what is" }).click();
await page.getByRole("option", { name: "All, also" }).click();
await page.getByRole("button", { name: "Run an audit" }).click();
await page.getByText("2 differences between store and database").waitFor();
await page.getByRole("heading", { name: "What it costs a month" }).waitFor();
await shot("audit");
await show("/doctor", "Doctor");
await page.getByText("No problem found").waitFor();
await shot("doctor");
await client.tokens.create({ name: "web", owner: "alice", rights: ["projects:read"] });
await show("/tokens", "Tokens");
await page.getByRole("cell", { name: "web", exact: true }).waitFor();
await shot("tokens");
await show("/settings", "Settings");
await page.getByRole("cell", { name: "EXPUNGE_STORE", exact: true }).waitFor();
await shot("settings");
await page.emulateMedia({ colorScheme: "dark" });
await page.setViewportSize({ width: 390, height: 844 });
await show("/", "Projects");
await page.getByText("in 3 days").waitFor();
await shot("projects-narrow-dark");
await show("/audit", "Audit");
await page.getByRole("region", { name: "Earlier audits" }).last().getByRole("link").first().click();
await page.getByRole("heading", { name: "What it costs a month" }).waitFor();
await shot("audit-narrow-dark");

import type { Locator, Page } from "playwright-core";

/** More stops than any screen has that a test goes through. */
const TABS_MAX = 60;

/** What people do in the console again and again, by its words. */

/** From the list of projects to the screen of a new one; answers its id. */
export async function makeProject(page: Page, name: string): Promise<string> {
  await page.getByRole("link", { name: "Projects" }).click();
  await page.getByRole("button", { name: "New project" }).first().click();
  const field = page.getByRole("textbox", { name: "Name", exact: true });
  await field.fill(name);
  await field.press("Enter");
  await page.getByRole("heading", { name }).waitFor();
  return new URL(page.url()).pathname.split("/").at(-1) ?? "";
}

/** Through the dialog, on the project's own screen, as far as the screen of the deletion. */
export async function deleteProject(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: "Delete the project ..." }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("This would remove").waitFor();
  await dialog.getByLabel("Type the project's name").fill(name);
  await dialog.getByRole("button", { name: "Delete the project" }).click();
  await page.getByRole("heading", { name: "Deletion of" }).waitFor();
}

/** Judges everything, however young it is. */
export async function auditAll(page: Page): Promise<void> {
  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByRole("combobox", { name: "Judge what is" }).click();
  await page.getByRole("option", { name: "All, also" }).click();
  await page.getByRole("button", { name: "Run an audit" }).click();
}

/** As far as the plan, which "Do it" carries out. */
export async function planRemovalOfOrphans(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Remove what belongs to no file ..." }).click();
  await page.getByRole("dialog").getByText("would be removed from the store").waitFor();
}

/** How many objects of a place were found, and removed, as the table of a deletion has it. */
export async function countsOf(page: Page, place: string): Promise<readonly string[]> {
  const row = page.getByRole("row").filter({ hasText: place });
  return (await row.getByRole("cell").allInnerTexts()).slice(1, 3);
}

/** Presses Tab until the focus is there. @throws Error where it never comes there */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  const focused = target.and(page.locator(":focus"));
  for (let tabs = 0; tabs < TABS_MAX; tabs++) {
    if ((await focused.count()) > 0) return;
    await page.keyboard.press("Tab");
  }
  throw new Error("the keyboard does not lead there");
}

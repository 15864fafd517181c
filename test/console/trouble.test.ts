import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUCKET, envOf } from "../cli/bucket.ts";
import { WireServer } from "../wire/server.ts";
import { ConsoleFixture } from "./support.ts";

const TIMEOUT_MS = 300_000;
const WAIT_MS = 90_000;
/** Long enough that a process can be killed in the midst. */
const REMOVAL_MS = 3000;
/** The second look is for a machine that was too slow for the first. */
const EXPUNGE_SETTLE = "3s,20s";
const WIDE = { width: 1180, height: 800 };
const NARROW = { width: 390, height: 844 };

describe("the console before a store that has its troubles", { timeout: TIMEOUT_MS }, () => {
  let fixture: ConsoleFixture;
  let wire: WireServer;
  /** How long a removal takes, of each kind of request. */
  const latency = { DeleteObjects: 0 };
  beforeAll(async () => {
    wire = await WireServer.start({ latency });
    wire.makeBucket(BUCKET);
    fixture = await ConsoleFixture.open({ env: { ...envOf(wire), EXPUNGE_SETTLE } });
    fixture.page.setDefaultTimeout(WAIT_MS);
    await fixture.signIn();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await fixture?.[Symbol.asyncDispose]();
    await wire?.stop();
  }, TIMEOUT_MS);

  async function makeProject(name: string, files: number): Promise<string> {
    const { id } = await fixture.client.projects.create({ name });
    for (let at = 0; at < files; at++) await fixture.client.files.put(id, `f-${at}.txt`, "text");
    return id;
  }

  it("says what is left and why when a deletion is blocked, and goes on after a retry", async () => {
    const { page } = fixture;
    const { failures } = wire.bucket(BUCKET).store;
    failures.refuse = () => ({
      result: "blocked",
      retryable: false,
      code: "object-locked",
      message: "locked",
    });
    const id = await makeProject("Locked", 2);
    const { deletion } = await fixture.client.projects.requestDeletion(id);
    await page.goto(`${fixture.url}/deletions/${deletion.id}`);
    await page.getByText("Not finished: something could not be removed").waitFor();
    await page.getByText("is protected").first().waitFor();
    expect(await page.getByRole("button", { name: "Verify the signature" }).count()).toBe(0);
    expect(await fixture.axe()).toEqual([]);
    await page.setViewportSize(NARROW);
    expect(await fixture.cutOff()).toEqual([]);
    await page.setViewportSize(WIDE);
    failures.refuse = () => null;
    await page.getByRole("button", { name: "Try again now" }).click();
    await page.getByText("Everything is gone, and that was checked").waitFor();
  });

  it("shows a deletion go on after the service was killed in its midst", async () => {
    const { page } = fixture;
    const id = await makeProject("Killed", 3);
    latency.DeleteObjects = REMOVAL_MS;
    const { deletion } = await fixture.client.projects.requestDeletion(id);
    await page.goto(`${fixture.url}/deletions/${deletion.id}`);
    // A bar at 0 % has no width, and counts as hidden.
    await page.getByRole("progressbar").first().waitFor({ state: "attached" });
    await fixture.kill();
    await page.getByText("The service does not answer just now").waitFor();
    latency.DeleteObjects = 0;
    await fixture.restart();
    await page.getByText("Everything is gone, and that was checked").waitFor();
    expect(await page.getByText("The service does not answer just now").count()).toBe(0);
    expect((await fixture.client.deletions.get(deletion.id)).receipt).not.toBeNull();
  });

  it("shows what came back after a deletion, with the amendment that says so", async () => {
    const { page, client } = fixture;
    const id = await makeProject("Came back", 1);
    const { uid } = await client.projects.get(id);
    const deletion = await client.projects.delete(id);
    await wire.bucket(BUCKET).store.put(`projects/${uid}/late`, new Uint8Array(9));
    const amendments = async (): Promise<number> =>
      (await client.deletions.get(deletion.id)).amendments.length;
    await expect.poll(amendments, { timeout: WAIT_MS, interval: 500 }).toBe(1);
    await page.goto(`${fixture.url}/deletions/${deletion.id}`);
    await page.getByText("Come back from elsewhere, and removed: 1 object").waitFor();
    await page.getByText("by 1 amendment").waitFor();
    await page.getByRole("button", { name: "Verify the signature" }).click();
    await page.getByText("The signature is valid").waitFor();
    expect(await fixture.axe()).toEqual([]);
  });

  it("deletes many projects at a time, and none that is on hold", async () => {
    const { page, client } = fixture;
    const held = await makeProject("Bulk held", 1);
    await client.holds.place(held, "a lawsuit");
    await makeProject("Bulk one", 1);
    await page.goto(fixture.url);
    await page.getByLabel("Search by the beginning of the name").fill("Bulk");
    await page.getByText("2 projects").waitFor();
    await page.getByLabel("Select all active projects").check();
    await page.getByRole("button", { name: "Delete 2 projects ..." }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("This would remove").waitFor();
    await dialog.getByLabel('Type "delete" to confirm').fill("delete");
    await dialog.getByRole("button", { name: "Delete them" }).click();
    await dialog.getByText("on hold; release the hold first").waitFor();
    expect(await fixture.axe()).toEqual([]);
    expect((await client.projects.get(held)).state).toBe("active");
    await dialog.getByRole("button", { name: "Close" }).last().click();
  });

  it("says what a bucket must allow when its rules keep pages out", async () => {
    const { page } = fixture;
    const id = await makeProject("Kept out", 0);
    await page.goto(`${fixture.url}/projects/${id}`);
    const file = { name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("a") };
    await page.getByLabel("Files to upload").setInputFiles(file);
    const { origin } = new URL(wire.endpoint);
    const failed = page.getByRole("alert").filter({ hasText: `The store at ${origin}` });
    const allowed = `its CORS rules must let pages of ${fixture.url} send parts`;
    await failed.filter({ hasText: allowed }).waitFor();
    expect(await fixture.client.files.exists(id, "a.txt")).toBe(false);
  });

  it("fits a screen of 390 pixels", async () => {
    const { page, client } = fixture;
    const [deletion] = (await client.deletions.list()).items;
    const project = await makeProject("Narrow", 1);
    const { id: audit } = await client.audits.start({ minAge: "0s" });
    await page.setViewportSize(NARROW);
    const lists = ["/", "/deletions", "/audit", "/doctor", "/tokens", "/settings"];
    const single = [`/deletions/${deletion?.id}`, `/projects/${project}`, `/audit/${audit}`];
    for (const path of [...lists, ...single]) {
      await page.goto(fixture.url + path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
      expect(await page.evaluate("document.documentElement.scrollWidth"), path).toBe(390);
      expect(await fixture.cutOff(), path).toEqual([]);
    }
    await page.goto(`${fixture.url}/projects/${project}`);
    await page.getByRole("button", { name: "Delete the project ..." }).click();
    await page.getByRole("dialog").getByText("This would remove").waitFor();
    expect(await fixture.cutOff()).toEqual([]);
  });
});

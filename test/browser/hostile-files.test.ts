import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Served, serveHttp } from "../client/support.ts";
import { openBrowser } from "./chromium.ts";
import { type HostileFile, hostileFiles } from "./hostile-files.ts";
import { serveWeb, type WebServer } from "./web-server.ts";

const TIMEOUT_MS = 120_000;

let served: Served;
let outside: WebServer;
let browser: Browser;
let page: Page;
let projectId: string;
let files: readonly HostileFile[];
/** What ran, and "control" where a page had been loaded whole. */
let ran: string[];

/** Another origin: it hears that a script ran, serves the same bytes raw, and frames what it is told. */
async function answer(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const name = pathname.split("/").at(-1) ?? "";
  if (pathname.startsWith("/ran/")) {
    ran.push(name);
    return new Response(null, { status: 204 });
  }
  if (pathname.startsWith("/raw/")) {
    const file = files.find((one) => one.name === name);
    const headers = file?.rawType ? { "content-type": file.rawType } : undefined;
    // As bytes, for which nobody sets a type.
    return new Response(new TextEncoder().encode(file?.body), headers ? { headers } : {});
  }
  const url = (searchParams.get("url") ?? "").replaceAll("&", "&amp;");
  const html = `<!doctype html>
    <iframe src="${url}"></iframe><object data="${url}"></object><embed src="${url}">
    <img src="${url}"><script src="${url}"></script>
    <script>addEventListener("load", () => fetch("/ran/control"))</script>`;
  return new Response(html, { headers: { "content-type": "text/html" } });
}

beforeAll(async () => {
  served = await serveHttp();
  outside = await serveWeb(answer);
  browser = await openBrowser();
  files = hostileFiles((name) => `${outside.url}/ran/${name}`);
  const client = served.clientOf("admin");
  projectId = (await client.projects.create()).id;
  for (const { name, body, contentType } of files) {
    await client.files.put(projectId, name, body, { contentType });
  }
}, TIMEOUT_MS);
afterAll(async () => {
  await browser.close();
  await outside[Symbol.asyncDispose]();
  await served.close();
}, TIMEOUT_MS);

beforeEach(async () => {
  ran = [];
  page = await browser.newPage();
  page.on("dialog", (dialog) => {
    ran.push("dialog");
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    if (message.text() === "ran") ran.push("console");
  });
});
afterEach(() => page.close());

/** Opens an address as a click does; what is downloaded instead is no page. */
async function open(url: string): Promise<"shown" | "downloaded"> {
  const downloaded = page.waitForEvent("download").then(() => "downloaded" as const);
  downloaded.catch(() => undefined);
  const shown = page.goto(url).then(() => "shown" as const);
  try {
    return await shown;
  } catch {
    return await downloaded;
  }
}

async function signed(name: string, inline: boolean): Promise<string> {
  const { url } = await served.clientOf("admin").urls.sign(projectId, name);
  return inline ? `${url}&disposition=inline` : url;
}

test(
  "a script in a file runs where the file is served raw, or nothing here could fail",
  async () => {
    for (const { name } of files) {
      ran = [];
      await open(`${outside.url}/raw/${name}`);
      // The beacon is sent before the page has loaded; it may arrive after.
      await expect.poll(() => ran, { message: name }).toContain(name);
      expect(ran).toEqual(expect.arrayContaining(["console", "dialog"]));
    }
  },
  TIMEOUT_MS,
);

test.each([
  ["as it comes", false],
  ["inline, where it is asked for", true],
])(
  "no script in a stored file runs when it is opened %s",
  { timeout: TIMEOUT_MS },
  async (_, inline) => {
    const how = new Map<string, string>();
    for (const { name } of files) how.set(name, await open(await signed(name, inline)));
    // A page of our own is loaded last: whatever ran before it would have been heard.
    await page.goto(`${outside.url}/frame?url=about:blank`);
    await expect.poll(() => ran).toContain("control");
    expect(ran).toEqual(["control"]);
    const shown = [...how].filter(([, end]) => end === "shown").map(([name]) => name);
    const safe = ["notes.txt", "photo.png", "film.mp4", "polyglot.gif"];
    expect(shown).toEqual(inline ? safe : []);
  },
);

test(
  "no script in a stored file runs when another page embeds it",
  { timeout: TIMEOUT_MS },
  async () => {
    const raw = encodeURIComponent(`${outside.url}/raw/page.html`);
    await page.goto(`${outside.url}/frame?url=${raw}`);
    await expect.poll(() => ran).toEqual(expect.arrayContaining(["page.html", "control"]));
    for (const { name } of files) {
      for (const inline of [false, true]) {
        ran = [];
        const url = encodeURIComponent(await signed(name, inline));
        await page.goto(`${outside.url}/frame?url=${url}`);
        await expect.poll(() => ran, { message: name }).toContain("control");
        expect(ran, name).toEqual(["control"]);
      }
    }
  },
);

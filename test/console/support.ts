import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { createClient, type ExpungeClient } from "../../src/client/index.ts";
import { openBrowser } from "../browser/chromium.ts";
import { ServiceProcess, type StartOptions, temporaryDir } from "../support/service-process.ts";

const ROOT = join(import.meta.dirname, "../..");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** WCAG 2.2 AA, with what came before it. */
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

const run = promisify(execFile);

/** A real service of its own with the console, a browser that is signed in, and a client beside it. */
export class ConsoleFixture {
  readonly browser: Browser;
  readonly context: BrowserContext;
  readonly page: Page;
  /** What went wrong in the page: errors, and what the policy refused. */
  readonly troubles: string[] = [];
  /** Hosts that the page asked anything of. */
  readonly hosts = new Set<string>();
  readonly #dir: Awaited<ReturnType<typeof temporaryDir>>;
  readonly #options: StartOptions;
  #service: ServiceProcess;

  private constructor(
    browser: Browser,
    context: BrowserContext,
    page: Page,
    dir: Awaited<ReturnType<typeof temporaryDir>>,
    service: ServiceProcess,
    options: StartOptions,
  ) {
    this.browser = browser;
    this.context = context;
    this.page = page;
    this.#dir = dir;
    this.#service = service;
    this.#options = options;
    page.on("pageerror", (error) => this.troubles.push(String(error)));
    page.on("console", (message) => {
      if (/Content Security Policy|Refused to/.test(message.text()))
        this.troubles.push(message.text());
    });
    page.on("request", (request) => {
      const { protocol, host } = new URL(request.url());
      if (protocol.startsWith("http")) this.hosts.add(host);
    });
  }

  /** Builds the console where it is older than its sources. */
  static async open(options: StartOptions = {}): Promise<ConsoleFixture> {
    await run(process.execPath, [join(ROOT, "scripts/console.ts")]);
    const dir = await temporaryDir();
    const service = await ServiceProcess.start(dir.path, options);
    const browser = await openBrowser();
    const context = await browser.newContext({
      viewport: { width: 1180, height: 800 },
      reducedMotion: "reduce",
    });
    const fixture = new ConsoleFixture(
      browser,
      context,
      await context.newPage(),
      dir,
      service,
      options,
    );
    return fixture;
  }

  get url(): string {
    return this.#service.url;
  }

  get dataDir(): string {
    return this.#service.dataDir;
  }

  get host(): string {
    return new URL(this.url).host;
  }

  /** As the administrator, past the page. */
  get client(): ExpungeClient {
    return createClient({ url: this.url, token: this.#service.flags[3] ?? "" });
  }

  /** The link that the start printed. */
  get signInLink(): string {
    const link = /sign in: (\S+)/.exec(this.#service.output)?.[1];
    if (link === undefined) throw new Error(`no link in ${this.#service.output}`);
    return link;
  }

  async signIn(): Promise<void> {
    await this.page.goto(this.signInLink);
    await this.page.getByRole("heading", { name: "Projects", level: 1 }).waitFor();
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#service.kill();
  }

  /** Another process on the same data and the same port. */
  async restart(): Promise<void> {
    const port = Number(new URL(this.url).port);
    this.#service = await ServiceProcess.start(this.#dir.path, { ...this.#options, port });
  }

  /** Everything that axe finds wrong with the page as it is now, in both colour schemes. */
  async axe(): Promise<string[]> {
    const found: string[] = [];
    for (const scheme of ["light", "dark"] as const) {
      await this.page.evaluate(
        `document.documentElement.setAttribute("data-mantine-color-scheme", "${scheme}")`,
      );
      if ((await this.page.evaluate("typeof axe")) === "undefined") await this.page.evaluate(AXE);
      const options = JSON.stringify({ runOnly: WCAG });
      const violations = (await this.page.evaluate(
        `axe.run(document, ${options}).then(({ violations }) => violations.map(
          ({ id, nodes }) => id + ": " + nodes.map(({ html, any }) =>
            html.slice(0, 200) + " " + (any[0]?.message ?? "")).join(" | ")))`,
      )) as string[];
      found.push(...violations.map((one) => `${scheme} ${one}`));
    }
    await this.page.evaluate(
      'document.documentElement.setAttribute("data-mantine-color-scheme", "light")',
    );
    return found;
  }

  /** Texts that reach beyond the edge of the screen, where nobody can scroll to them. */
  async cutOff(): Promise<string[]> {
    return (await this.page.evaluate(
      `[...document.querySelectorAll("body *")].filter((one) =>
        one.children.length === 0 && one.textContent.trim() !== "" &&
        !one.closest(".table-scroll, .rows-scroll, .hidden-text") &&
        one.getBoundingClientRect().right > innerWidth).map((one) => one.textContent)`,
    )) as string[];
  }

  /** Nothing failed in the page, nothing was refused, and nobody else was asked. */
  expectClean(otherHosts: readonly string[] = []): void {
    expect(this.troubles).toEqual([]);
    expect(
      [...this.hosts].filter((host) => host !== this.host && !otherHosts.includes(host)),
    ).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    await this.#service.kill();
    await this.#dir[Symbol.asyncDispose]();
  }
}

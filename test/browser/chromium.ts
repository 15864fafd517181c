import sparticuz from "@sparticuz/chromium";
import { type Browser, chromium } from "playwright-core";

/** A real browser: the one that CHROMIUM_PATH names, else the one that npm brought. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM_PATH"] ?? (await sparticuz.executablePath());
  // The packaged binary has no sandbox of its own, and with its default arguments a second context fails.
  return await chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

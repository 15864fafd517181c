import type { Page } from "playwright-core";

/** What a page went through since it was opened, or since `forget`. */
export interface PageFacts {
  /** The sum of its layout shifts without an input before them, as Lighthouse counts. */
  readonly shift: number;
  /** How long tasks held it beyond 50 ms each, in all. */
  readonly blockedMs: number;
  readonly frames: number;
  /** Those of them that came more than 100 ms after the one before. */
  readonly lateFrames: number;
  readonly firstPaintMs: number;
  /** Of the document and what it loaded, headers too. */
  readonly transferredBytes: number;
}

const OBSERVING = `
  globalThis.facts = { shift: 0, blockedMs: 0, frames: 0, lateFrames: 0 };
  const observe = (type, note) => new PerformanceObserver((list) => list.getEntries().forEach(note))
    .observe({ type, buffered: true });
  observe("layout-shift", ({ value, hadRecentInput }) => {
    if (!hadRecentInput) facts.shift += value;
  });
  observe("longtask", ({ duration }) => { facts.blockedMs += Math.max(0, duration - 50); });
  const frame = (beforeMs) => (nowMs) => {
    facts.frames++;
    if (nowMs - beforeMs > 100) facts.lateFrames++;
    requestAnimationFrame(frame(nowMs));
  };
  requestAnimationFrame((nowMs) => requestAnimationFrame(frame(nowMs)));
`;

/** Has each document that the page opens from now on note what it goes through. */
export async function observeFacts(page: Page): Promise<void> {
  await page.addInitScript(`{${OBSERVING}}`);
}

/** What was noted until now counts no more. */
export async function forgetFacts(page: Page): Promise<void> {
  await page.evaluate("Object.keys(facts).forEach((name) => { facts[name] = 0; })");
}

export async function readFacts(page: Page): Promise<PageFacts> {
  const facts = await page.evaluate(`({
    ...facts,
    firstPaintMs: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity,
    transferredBytes: ["navigation", "resource"]
      .flatMap((type) => performance.getEntriesByType(type))
      .reduce((sum, { transferSize }) => sum + transferSize, 0),
  })`);
  return facts as PageFacts;
}

/**
 * Measures until it is good, three times at most, and answers what came last: a machine that does much
 * else holds up a page now and then, and a page that is slow is slow each time.
 */
export async function bestOf(
  isGood: (facts: PageFacts) => boolean,
  measure: () => Promise<PageFacts>,
): Promise<PageFacts> {
  let facts = await measure();
  for (let more = 2; more > 0 && !isGood(facts); more--) facts = await measure();
  return facts;
}

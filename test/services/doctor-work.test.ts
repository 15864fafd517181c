import { afterEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/core/limits.ts";
import { examineWork } from "../../src/services/doctor/work.ts";
import { Pulse } from "../../src/services/pulse.ts";
import { scanForever } from "../../src/services/worker.ts";
import { ADMIN, makeService, type TestService } from "../support/context.ts";
import { withMethods } from "../support/methods.ts";

const services: TestService[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
});

async function service(): Promise<TestService> {
  const made = await makeService({ work: false, pauseMaxMs: 1 });
  services.push(made);
  return made;
}

type Seen = readonly (readonly [string, boolean | null, string])[];

async function seen(
  context: Parameters<typeof examineWork>[0],
  pulse: Pulse | null = null,
): Promise<Seen> {
  const checks = await examineWork(context, { pulse });
  return checks.map(({ name, ok, detail }) => [name, ok, detail]);
}

/** The scan runs until it has told the pulse something, `times` turns long. */
async function scanned(context: TestService["context"], pulse: Pulse): Promise<void> {
  const ending = new AbortController();
  const running = scanForever(context, ending.signal, pulse);
  await expect.poll(() => pulse.last ?? pulse.failure).not.toBeNull();
  ending.abort();
  await running;
}

describe("what a running service says of its work", () => {
  it("is that due work is looked for, and that no deletion is late", async () => {
    const { context, services: all } = await service();
    await all.projects.create(ADMIN, { id: "p1" });
    await all.deletions.request(ADMIN, "p1", { graceMs: 60_000 });
    const pulse = new Pulse(context.clock.now());
    await scanned(context, pulse);
    expect(await seen(context, pulse)).toEqual([
      ["work-scan", true, expect.stringMatching(/came through \d s ago/)],
      ["work-deletions", true, "1 deletions are under way or wait, none is blocked or overdue"],
    ]);
  });

  it("tells a scan that has not come through, or fails, or has stopped", async () => {
    const { context, metadata } = await service();
    const now = context.clock.now();
    const pulse = new Pulse(now - LIMITS.doctorScanAgeMaxMs - 1);
    const [first] = await seen(context, pulse);
    expect(first?.slice(0, 2)).toEqual(["work-scan", false]);
    expect(first?.[2]).toMatch(
      /^no scan for due work has come through yet, 6\d s after the start$/,
    );
    const [young] = await seen(context, new Pulse(now));
    expect(young?.slice(0, 2)).toEqual(["work-scan", null]);
    const failing = {
      ...context,
      metadata: withMethods(metadata, { dueDeletions: () => Promise.reject(new Error("no rows")) }),
    };
    await scanned(failing, pulse);
    const [second] = await seen(context, pulse);
    expect(second).toEqual(["work-scan", false, "the last scan for due work failed: no rows"]);
    const stopped = new Pulse(now);
    stopped.beat(context.clock.now() - LIMITS.doctorScanAgeMaxMs - 1);
    const [third] = await seen(context, stopped);
    expect(third?.slice(0, 2)).toEqual(["work-scan", false]);
    expect(third?.[2]).toMatch(/came through 6\d s ago/);
  });

  it("is no scan of a process that only serves", async () => {
    const { context } = await service();
    const [first] = await seen(context);
    expect(first?.slice(0, 2)).toEqual(["work-scan", null]);
  });

  it("names deletions that are blocked, and one that nobody ends", async () => {
    const { context, metadata } = await service();
    const backlog = await metadata.backlog();
    const [, blocked] = await seen({
      ...context,
      metadata: withMethods(metadata, { backlog: async () => ({ ...backlog, blocked: 2 }) }),
    });
    expect(blocked).toEqual(["work-deletions", false, "2 deletions are blocked"]);
    const overdueMs = LIMITS.doctorJobDueMaxMs + 1;
    const [, late] = await seen({
      ...context,
      metadata: withMethods(metadata, { backlog: async () => ({ ...backlog, overdueMs }) }),
    });
    expect(late).toEqual([
      "work-deletions",
      false,
      "a deletion has been due for 300 s and has not ended",
    ]);
  });
});

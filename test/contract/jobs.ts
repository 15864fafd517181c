import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { JOB_NAMES, type JobHandlers } from "../../src/ports/jobs.ts";
import {
  type Fixture,
  gate,
  type JobsSubject,
  NO_HANDLERS,
  noting,
  QUIET_MS,
  until,
} from "./jobs-fixture.ts";

/** The obligations of the queue (ports/jobs.ts). Every implementation runs this suite. */
export function jobsContract(name: string, make: () => Promise<JobsSubject>): void {
  describe(`jobs: ${name}`, () => {
    let subject: JobsSubject | undefined;
    beforeEach(async () => {
      subject = await make();
    });
    afterEach(async () => {
      await subject?.cleanup();
      subject = undefined;
    });
    const fixture: Fixture = () => {
      if (!subject) throw new Error("the queue is there within a test only");
      return subject;
    };
    describe("handing out", () => handingOut(fixture));
    describe("keys and delays", () => keysAndDelays(fixture));
    describe("failures", () => failures(fixture));
    describe("the ends of processes", () => ends(fixture));
  });
}

function handingOut(fixture: Fixture): void {
  test("each job is handed to the handler of its name, with its data", async () => {
    const { jobs } = fixture();
    const calls: unknown[] = [];
    await jobs.work({
      purge: async (data) => void calls.push(["purge", data]),
      removals: async (data) => void calls.push(["removals", data]),
      "receipt-copy": async (data) => void calls.push(["receipt-copy", data]),
      settle: async (data) => void calls.push(["settle", data]),
      sweep: async (data) => void calls.push(["sweep", data]),
      audit: async (data) => void calls.push(["audit", data]),
      run: async (data) => void calls.push(["run", data]),
      uploads: async (data) => void calls.push(["uploads", data]),
      webhooks: async (data) => void calls.push(["webhooks", data]),
    });
    await jobs.enqueue("purge", { deletionId: "d" });
    await jobs.enqueue("removals", { projectUid: "r" });
    await jobs.enqueue("receipt-copy", { projectUid: "c" });
    await jobs.enqueue("settle", { deletionId: "s" });
    await jobs.enqueue("sweep", { sweepId: "w" });
    await jobs.enqueue("audit", { auditId: "a" });
    await jobs.enqueue("run", { runId: "r" });
    await jobs.enqueue("uploads", {});
    await jobs.enqueue("webhooks", { webhookId: "w" });
    await until(fixture, () => calls.length === JOB_NAMES.length);
    expect(new Set(calls)).toEqual(
      new Set([
        ["purge", { deletionId: "d" }],
        ["removals", { projectUid: "r" }],
        ["receipt-copy", { projectUid: "c" }],
        ["settle", { deletionId: "s" }],
        ["sweep", { sweepId: "w" }],
        ["audit", { auditId: "a" }],
        ["run", { runId: "r" }],
        ["uploads", {}],
        ["webhooks", { webhookId: "w" }],
      ]),
    );
  });

  test("a job that was acknowledged waits for a process that works", async () => {
    const { jobs, attach } = fixture();
    await jobs.enqueue("removals", { projectUid: "a" });
    await fixture().advance(QUIET_MS);
    const { handlers, ran } = noting();
    await (await attach()).work(handlers);
    await until(fixture, () => ran.length === 1);
    expect(ran).toEqual([{ projectUid: "a" }]);
  });

  test("a job that succeeded is not handed out again", async () => {
    const { jobs } = fixture();
    const { handlers, ran } = noting();
    await jobs.work(handlers);
    await jobs.enqueue("removals", { projectUid: "a" });
    await until(fixture, () => ran.length === 1);
    await fixture().advance(QUIET_MS);
    expect(ran).toHaveLength(1);
  });

  test("two processes share the work, and each job is run by one of them", async () => {
    const { jobs, attach } = fixture();
    const first = noting();
    const second = noting();
    await jobs.work(first.handlers);
    await (await attach()).work(second.handlers);
    const ids = Array.from({ length: 40 }, (_, i) => `d${i}`);
    await Promise.all(ids.map((deletionId) => jobs.enqueue("purge", { deletionId })));
    await until(fixture, () => first.ran.length + second.ran.length >= ids.length);
    await fixture().advance(QUIET_MS);
    const all = [...first.ran, ...second.ran];
    expect(all).toHaveLength(ids.length);
    expect(new Set(all)).toEqual(new Set(ids.map((deletionId) => ({ deletionId }))));
  });
}

function keysAndDelays(fixture: Fixture): void {
  test("while a job of a name and key waits, another is not added", async () => {
    const { jobs } = fixture();
    for (let i = 0; i < 3; i++) {
      await jobs.enqueue("removals", { projectUid: "a" }, { key: "a" });
    }
    await jobs.enqueue("removals", { projectUid: "b" }, { key: "b" });
    await jobs.enqueue("receipt-copy", { projectUid: "other name" }, { key: "a" });
    await jobs.enqueue("removals", { projectUid: "no key" });
    await jobs.enqueue("removals", { projectUid: "no key" });
    const { handlers, ran } = noting();
    await jobs.work(handlers);
    await until(fixture, () => ran.length >= 5);
    await fixture().advance(QUIET_MS);
    const names = ran.map((data) => JSON.stringify(data)).sort();
    expect(names).toEqual(
      ["a", "b", "no key", "no key", "other name"].map((uid) => `{"projectUid":"${uid}"}`),
    );
  });

  test("what is asked while a job of its key runs is run again, once", async () => {
    const { jobs } = fixture();
    const { handlers, started, open } = gate();
    await jobs.work(handlers);
    await jobs.enqueue("removals", { projectUid: "a" }, { key: "a" });
    await until(fixture, () => started.length === 1);
    for (let i = 0; i < 3; i++) {
      await jobs.enqueue("removals", { projectUid: "a" }, { key: "a" });
    }
    open();
    await until(fixture, () => started.length === 2);
    await fixture().advance(QUIET_MS);
    expect(started).toEqual(["a", "a"]);
  });

  test("a delayed job is not handed out before its time, and is then", async () => {
    const { jobs } = fixture();
    const { handlers, ran } = noting();
    await jobs.work(handlers);
    await jobs.enqueue("removals", { projectUid: "later" }, { delayMs: 6000, key: "a" });
    await jobs.enqueue("uploads", {}, { delayMs: 6000 });
    await fixture().advance(1200);
    expect(ran).toEqual([]);
    await until(fixture, () => ran.length === 2);
  });

  test("a job that waits is brought forward by one of its key that is due before, never back", async () => {
    const { jobs } = fixture();
    const { handlers, ran } = noting();
    await jobs.work(handlers);
    await jobs.enqueue("removals", { projectUid: "now" }, { delayMs: 3_600_000, key: "now" });
    await jobs.enqueue("removals", { projectUid: "now" }, { key: "now" });
    await jobs.enqueue("receipt-copy", { projectUid: "soon" }, { delayMs: 3_600_000, key: "k" });
    await jobs.enqueue("receipt-copy", { projectUid: "soon" }, { delayMs: 1000, key: "k" });
    await jobs.enqueue("receipt-copy", { projectUid: "soon" }, { delayMs: 7_200_000, key: "k" });
    await until(fixture, () => ran.length === 1);
    expect(ran).toEqual([{ projectUid: "now" }]);
    await until(fixture, () => ran.length === 2);
    expect(ran).toEqual([{ projectUid: "now" }, { projectUid: "soon" }]);
  });
}

function failures(fixture: Fixture): void {
  test("a job whose handler throws is tried again, and each failure is logged", async () => {
    const { jobs, logged } = fixture();
    const broken = new Error("broken");
    let runs = 0;
    const removals = async (): Promise<void> => {
      if (++runs <= 2) throw broken;
    };
    await jobs.work({ ...NO_HANDLERS, removals });
    await jobs.enqueue("removals", { projectUid: "a" });
    await until(fixture, () => runs === 1);
    expect(runs).toBe(1);
    await until(fixture, () => runs === 3);
    await fixture().advance(QUIET_MS);
    expect(runs).toBe(3);
    expect(logged).toHaveLength(2);
    expect(logged).toEqual(
      Array(2).fill(expect.objectContaining({ job: "removals", err: broken })),
    );
  });

  test("a job that fails keeps no other from being run", async () => {
    const { jobs } = fixture();
    const ran: string[] = [];
    const removals: JobHandlers["removals"] = async ({ projectUid }) => {
      if (projectUid === "bad") throw new Error("always");
      ran.push(projectUid);
    };
    await jobs.work({ ...NO_HANDLERS, removals });
    await jobs.enqueue("removals", { projectUid: "bad" }, { key: "bad" });
    for (const projectUid of ["a", "b"]) await jobs.enqueue("removals", { projectUid });
    await until(fixture, () => ran.length === 2);
  });

  test("a job that waits for its next try takes in what is asked meanwhile", async () => {
    const { jobs } = fixture();
    let isBroken = true;
    let runs = 0;
    const removals = async (): Promise<void> => {
      runs++;
      if (isBroken) throw new Error("broken");
    };
    await jobs.work({ ...NO_HANDLERS, removals });
    await jobs.enqueue("removals", { projectUid: "a" }, { key: "a" });
    await until(fixture, () => fixture().logged.length === 1);
    isBroken = false;
    await fixture().advance(100);
    for (let i = 0; i < 5; i++) {
      await jobs.enqueue("removals", { projectUid: "a" }, { delayMs: 10, key: "a" });
    }
    await until(fixture, () => runs >= 2);
    await fixture().advance(3000);
    expect(runs).toBe(2);
  });
}

function ends(fixture: Fixture): void {
  test("stop aborts what runs, waits for it, and takes no new job", async () => {
    const { jobs } = fixture();
    const { handlers, started, aborted } = gate();
    let hasEnded = false;
    const removals: JobHandlers["removals"] = async (data, signal) => {
      await handlers.removals(data, signal);
      await Promise.resolve();
      hasEnded = true;
    };
    await jobs.work({ ...NO_HANDLERS, removals });
    await jobs.enqueue("removals", { projectUid: "first" });
    await until(fixture, () => started.length === 1);
    await jobs.enqueue("removals", { projectUid: "second" });
    await jobs.stop();
    expect(hasEnded).toBe(true);
    expect(aborted).toEqual(["first"]);
    await fixture().advance(QUIET_MS);
    expect(started).toEqual(["first"]);
  });

  test("a job that a stopping process left is run by another one, without an error in the log", async () => {
    const { jobs, attach, logged } = fixture();
    const { handlers, started } = gate();
    await jobs.work(handlers);
    await jobs.enqueue("removals", { projectUid: "a" });
    await until(fixture, () => started.length === 1);
    await jobs.stop();
    const other = noting();
    await (await attach()).work(other.handlers);
    await until(fixture, () => other.ran.length === 1);
    expect(other.ran).toEqual([{ projectUid: "a" }]);
    expect(logged).toEqual([]);
  });

  test("a job that a dead process ran is run by the one that comes after it", async () => {
    const { jobs, crash } = fixture();
    await jobs.enqueue("removals", { projectUid: "a" }, { key: "a" });
    await jobs.enqueue("removals", { projectUid: "b" }, { key: "b" });
    const next = noting();
    await (await crash()).work(next.handlers);
    await until(fixture, () => next.ran.length === 2);
    expect(new Set(next.ran)).toEqual(new Set([{ projectUid: "a" }, { projectUid: "b" }]));
  });
}

import { describe, expect, it } from "vitest";
import { DatabaseError } from "../../src/core/database-errors.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { MetadataStore } from "../../src/ports/metadata/index.ts";
import type { Jobs } from "../../src/ports/jobs.ts";
import type { Context } from "../../src/services/context.ts";
import { runPurge } from "../../src/services/purge/purge.ts";
import { runSettle } from "../../src/services/purge/settle.ts";
import { expireProjects } from "../../src/services/expiry.ts";
import { copyReceipts } from "../../src/services/receipts.ts";
import { endStaleUploads } from "../../src/services/uploads/ending.ts";
import { cancelForever, scanForever, scanOnce } from "../../src/services/worker.ts";
import { ADMIN, putText } from "../support/context.ts";
import { deletionFixture } from "../support/deletion-fixture.ts";
import { withLimit } from "../support/limits.ts";
import { withMethods } from "../support/methods.ts";

const fixture = deletionFixture();
const { start, project, deleteAndWait, keys } = fixture;
const never = new AbortController().signal;

function withMetadata(methods: Partial<MetadataStore>): Context {
  const { context } = fixture.service;
  return { ...context, metadata: withMethods<MetadataStore>(context.metadata, methods) };
}

/** The names of the jobs that one scan wakes. */
async function woken(): Promise<readonly string[]> {
  const { context } = fixture.service;
  const names: string[] = [];
  const jobs = withMethods<Jobs>(context.jobs, {
    enqueue: async (name) => void names.push(name),
  });
  await scanOnce({ ...context, jobs });
  return names;
}

describe("a scan", () => {
  it("wakes nothing where nothing is due, and else one worker for each sort of work", async () => {
    await start({ work: false });
    await project("p1");
    expect(await woken()).toEqual([]);
    await putText(fixture.service, "p1", "a", "x");
    await putText(fixture.service, "p1", "a", "y");
    expect(await woken()).toEqual(["removals"]);
    const { services } = fixture.service;
    const input = { path: "b", sizeBytes: 1, contentType: "text/plain", metadata: {} };
    await withLimit("uploadExpiryMs", 0, async () => {
      await services.uploads.open(ADMIN, "p1", input);
    });
    await services.projects.create(ADMIN, { id: "p2" });
    await services.deletions.request(ADMIN, "p2", {});
    expect([...(await woken())].sort()).toEqual(["purge", "removals", "uploads"]);
  });

  it("that fails is logged and repeated, and says nothing once it is to end", async () => {
    await start({ work: false });
    const { context, log } = fixture.service;
    const stop = new AbortController();
    const rounds: string[] = [];
    const clock: Clock = {
      now: () => context.clock.now(),
      sleep: async () => void rounds.push("slept"),
    };
    const failing = withMetadata({
      expiredProjects: async () => {
        if (rounds.length === 2) stop.abort();
        throw new Error(`round ${rounds.length}`);
      },
    });
    await scanForever({ ...failing, clock }, stop.signal);
    expect(rounds).toHaveLength(3);
    expect(log.text()).toContain("round 1");
    expect(log.text()).not.toContain("round 2");
    expect(log.text()).toContain("scan for due work failed; it is repeated");
  });
});

describe("the check of writes in flight", () => {
  it("breaks off a write to a project that another process is deleting, and no other", async () => {
    await start({ work: false });
    const gone = await project("p1");
    const live = await project("p2");
    const { services, context, metadata } = fixture.service;
    const { id } = await services.deletions.request(ADMIN, "p1", {});
    const claim = await metadata.claimDeletion(id, 60_000);
    await metadata.advance(id, claim?.token ?? 0, "purge-began");
    const stop = new AbortController();
    const seen: string[] = [];
    const write = (uid: string): Promise<void> =>
      context.inFlight.run(uid, stop.signal, async (signal) => {
        await context.clock.sleep(60_000, signal);
        seen.push(uid === gone ? "gone" : "live");
        signal.throwIfAborted();
      });
    let looks = 0;
    const clock: Clock = {
      now: () => context.clock.now(),
      sleep: async () => {
        if (++looks === 2) stop.abort(new Error("the test is over"));
      },
    };
    const writes = [expect(write(gone)).rejects, expect(write(live)).rejects] as const;
    await cancelForever({ ...context, clock }, stop.signal);
    await writes[0].toMatchObject({ code: "project-not-active" });
    await writes[1].toThrow("the test is over");
    expect(seen).toEqual(["gone", "live"]);
  });

  it("asks the database nothing while nothing is written", async () => {
    await start({ work: false });
    const stop = new AbortController();
    let asked = 0;
    const context = withMetadata({
      whichClosed: async () => {
        asked++;
        return new Set<string>();
      },
    });
    const clock: Clock = { now: () => 0, sleep: async () => stop.abort() };
    await cancelForever({ ...context, clock }, stop.signal);
    expect(asked).toBe(0);
  });
});

describe("a later look that is broken off", () => {
  it("leaves its claim to run out where the database failed, and gives it back where not", async () => {
    await start({ settleMs: [0] });
    await project("p1");
    const { id } = await deleteAndWait("p1");
    const { context } = fixture.service;
    const away = new DatabaseError("connection-lost", "It hung up.");
    for (const [failure, isClaimed] of [
      [away, true],
      [new Error("a defect"), false],
    ] as const) {
      await withLimit("leaseMs", 50, async () => {
        const failing = withMetadata({ finishSettle: () => Promise.reject(failure) });
        await expect(runSettle(failing, id, never)).rejects.toBe(failure);
        if (isClaimed) expect(await runSettle(context, id, never)).toBeNull();
        const due = (): Promise<readonly string[]> => context.metadata.dueSettles(1);
        await expect.poll(due).toEqual([id]);
      });
    }
    expect(await runSettle(context, id, never)).toMatchObject({ result: "clean" });
  });

  it("is another worker's once that one has taken it over", async () => {
    await start({ settleMs: [0] });
    await project("p1");
    const { id } = await deleteAndWait("p1");
    const { context, metadata } = fixture.service;
    const late = withMetadata({
      finishSettle: async (...args) => {
        await metadata.releaseClaim(id, args[1]);
        expect(await runSettle(context, id, never)).toMatchObject({ result: "clean" });
        return await metadata.finishSettle(...args);
      },
    });
    expect(await runSettle(late, id, never)).toBeNull();
    expect(await metadata.listSettles(id)).toHaveLength(1);
  });
});

describe("work that comes in batches", () => {
  it("copies every receipt and amendment, however many a batch takes", async () => {
    await start({ work: false });
    const { context, metadata, objects, services } = fixture.service;
    for (const id of ["p1", "p2", "p3"]) {
      await project(id);
      const deletion = await services.deletions.request(ADMIN, id, {});
      expect(await runPurge(context, deletion.id, never)).toBe("completed");
    }
    expect(await metadata.uncopiedReceipts(10)).toHaveLength(3);
    await withLimit("scanItems", 1, () => copyReceipts(context, never));
    expect(await metadata.uncopiedReceipts(10)).toEqual([]);
    const copies = [...objects.snapshot().objects.keys()].filter((key) => key.endsWith(".jws"));
    expect(copies).toHaveLength(3);
  });

  it("ends an upload of an empty file, which the store never knew", async () => {
    await start();
    await project("p1");
    const { services, context, metadata } = fixture.service;
    const input = { path: "a", sizeBytes: 0, contentType: "text/plain", metadata: {} };
    const { id, projectUid } = await services.uploads.open(ADMIN, "p1", input);
    await withLimit("uploadStaleMs", 0, async () => {
      await metadata.discardUpload(id);
      await endStaleUploads(context, never);
    });
    expect(await metadata.findUpload(projectUid, id)).toBeNull();
    expect(keys()).toEqual([]);
  });

  it("begins the deletion of an expired project once, though two look at the same time", async () => {
    await start({ work: false });
    const { services, context, metadata, log } = fixture.service;
    await services.projects.create(ADMIN, { id: "p1", expiresAt: (await metadata.now()) - 1 });
    const expired = await metadata.expiredProjects(10);
    await expireProjects(context);
    await expireProjects(withMetadata({ expiredProjects: async () => expired }));
    expect(log.text().split("project expired, deletion begun")).toHaveLength(2);
  });
});

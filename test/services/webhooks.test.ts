import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryMetadataStore } from "../../src/adapters/memory/metadata-store.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { WEBHOOK_RETRIES_MS } from "../../src/core/limits/telling.ts";
import { webhookRetryMs } from "../../src/core/webhooks.ts";
import type { WebhookAnswer, WebhookSender } from "../../src/ports/webhooks.ts";
import type { Context } from "../../src/services/context.ts";
import { deliverWebhooks, wakeWebhooks } from "../../src/services/webhooks.ts";
import { makeService, type TestService } from "../support/context.ts";

const ID = "WEBHOOK-000000000000";
const DAY_MS = 24 * 3_600_000;
const FAILED: WebhookAnswer = { result: "failed", code: "timeout", message: "too late" };
const GONE: WebhookAnswer = { result: "gone", code: "status-410", message: "gone" };

let service: TestService;
let context: Context;
let nowMs: number;
/** The ids that were sent, one per attempt. */
let sent: string[];
let answer: WebhookAnswer | Error;

beforeEach(async () => {
  [nowMs, sent, answer] = [1_760_000_000_000, [], { result: "delivered", status: 204 }];
  const webhooks: WebhookSender = {
    endpoints: [{ id: ID, shownUrl: "https://hooks.example/", events: ["file.created"] }],
    send: async (_endpointId, { id }) => {
      sent.push(id);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  service = await makeService({ work: false, webhooks });
  const metadata = new MemoryMetadataStore({ now: () => nowMs, sleep: () => Promise.resolve() });
  await metadata.registerWebhooks(webhooks.endpoints);
  context = { ...service.context, metadata };
});
afterEach(() => service.stop());

async function makeFiles(count: number): Promise<void> {
  const { metadata } = context;
  const project = { id: "p1", uid: "0".repeat(26), name: "", owner: "alice", metadata: {} };
  await metadata.createProject({ ...project, quotaBytes: null, ttlMs: null, expiresAt: null });
  for (let i = 0; i < count; i++) {
    const file = { contentType: "text/plain", metadata: {}, sha256: "", etag: String(i) };
    const names = { projectUid: project.uid, path: `f${i}`, fileUid: `${i}`.padStart(26, "1") };
    await metadata.commitEmptyFile({ ...file, ...names });
  }
}

async function run(): Promise<void> {
  await deliverWebhooks(context, ID, new AbortController().signal);
}

async function state(): Promise<unknown> {
  return (await context.metadata.listWebhooks())[0];
}

describe("the delivery of webhooks", () => {
  test("goes on batch by batch until nothing is due", async () => {
    await makeFiles(LIMITS.webhookBatch * 2 + 1);
    await run();
    expect(sent).toHaveLength(LIMITS.webhookBatch * 2 + 1);
    expect(await state()).toMatchObject({ pending: 0, failed: 0 });
  });

  test("ends at a batch that failed, so that others are not kept waiting", async () => {
    await makeFiles(LIMITS.webhookBatch + 1);
    answer = FAILED;
    await run();
    expect(sent).toHaveLength(LIMITS.webhookBatch);
    expect(await state()).toMatchObject({ pending: LIMITS.webhookBatch + 1, failed: 0 });
  });

  test("of one message is tried for three days under one id, then given up and said so", async () => {
    await makeFiles(1);
    answer = FAILED;
    const began = nowMs;
    for (let i = 0; i < 1000 && (await context.metadata.dueWebhooks()).length > 0; i++) {
      await run();
      const [delayMs] = [webhookRetryMs(sent.length, Uint8Array.of(255))];
      nowMs += delayMs ?? 0;
    }
    expect(sent).toHaveLength(WEBHOOK_RETRIES_MS.length + 1);
    expect(new Set(sent).size).toBe(1);
    expect(nowMs - began).toBeGreaterThan(3 * DAY_MS);
    expect(nowMs - began).toBeLessThan(4 * DAY_MS);
    expect(await state()).toMatchObject({ pending: 0, failed: 1, lastError: { code: "timeout" } });
    const [last] = service.log.events().filter(({ level }) => level === "error");
    expect(last).toMatchObject({ webhookId: ID, messageId: sent[0], code: "timeout" });
  });

  test("ends for good at an endpoint that is gone, until the next start", async () => {
    await makeFiles(2);
    answer = GONE;
    await run();
    await run();
    expect(sent).toHaveLength(2);
    expect(await state()).toMatchObject({ pending: 2, disabledAt: nowMs });
    expect(service.log.text()).toContain("nothing is sent to it until a restart");
    nowMs += DAY_MS;
    expect(await context.metadata.dueWebhooks()).toEqual([]);
    await context.metadata.registerWebhooks(context.webhooks.endpoints);
    expect(await context.metadata.dueWebhooks()).toEqual([ID]);
  });

  test("of a process that dies in the midst is made up for when its lease is over", async () => {
    await makeFiles(1);
    answer = new Error("killed");
    await expect(run()).rejects.toThrow("killed");
    answer = { result: "delivered", status: 200 };
    await run();
    expect(sent).toHaveLength(1);
    nowMs += LIMITS.webhookLeaseMs;
    await run();
    expect(new Set(sent).size).toBe(1);
    expect(sent).toHaveLength(2);
  });
});

describe("the scan for due webhooks", () => {
  const wokenFor = async (): Promise<unknown[]> => {
    const woken: unknown[] = [];
    const jobs = { ...context.jobs, enqueue: async (...job: unknown[]) => void woken.push(job) };
    await wakeWebhooks({ ...context, jobs });
    return woken;
  };

  test("wakes a worker for endpoints of its own configuration alone", async () => {
    await context.metadata.registerWebhooks([
      { id: ID, events: ["file.created"] },
      { id: "WEBHOOK-of-another", events: ["file.created"] },
    ]);
    await makeFiles(1);
    expect(await wokenFor()).toEqual([["webhooks", { webhookId: ID }, { key: ID }]]);
  });

  test("forgets what is too old to be of use, and says so", async () => {
    await makeFiles(3);
    nowMs += LIMITS.webhookKeepMs;
    await wokenFor();
    expect(await state()).toMatchObject({ pending: 0, failed: 0 });
    expect(service.log.events()).toContainEqual(
      expect.objectContaining({ messages: 3, level: "error" }),
    );
  });
});

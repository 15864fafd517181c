import { expect, test } from "vitest";
import { fuzz, type FuzzResult } from "./fuzz.ts";
import { startHttp } from "../http/support.ts";
import { TOKENS } from "./world.ts";
import { embedded, inMemory, type Subject } from "./subjects.ts";

/** Set by `npm run fuzz`. */
const { EXPUNGE_TEST_FUZZ_REQUESTS: wanted, EXPUNGE_TEST_FUZZ_SEED: seed = "1" } = process.env;
const requests = {
  memory: Number(wanted ?? 18_000),
  embedded: wanted ? Number(wanted) / 10 : 2000,
};
/** On a machine that does nothing else both take about a minute; on a busy one far longer. */
const TIMEOUT_MS = wanted ? 24 * 3_600_000 : 1_800_000;

/** Answered, but never with success: they ask for a cookie, a code or an endpoint that no request makes. */
const OUT_OF_REACH: ReadonlySet<string> = new Set([
  "POST /v1/sessions",
  "GET /v1/sessions/current",
  "DELETE /v1/sessions/current",
  "POST /v1/webhooks/{webhookId}/test",
  "POST /v1/webhooks/{webhookId}/retry",
]);

async function fuzzed(subject: Subject, count: number): Promise<FuzzResult> {
  const began = Date.now();
  try {
    const run = { requests: Math.ceil(count), seed: Number(seed), socketShare: 0.1 };
    const result = await fuzz(subject.app, { ...run, log: subject.log });
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    const statuses = [...result.statuses].sort(([a], [b]) => a - b).map((one) => one.join(": "));
    if (wanted) {
      process.stdout.write(`${statuses.join(", ")}
${run.requests} requests from seed ${seed} (${result.overSocket} over a socket): 0 faults, ${seconds} s\n`);
    }
    return result;
  } finally {
    await subject.close();
  }
}

test(
  "odd requests in memory are each answered in order, and a bystander's files stay as they are",
  { timeout: TIMEOUT_MS },
  async () => {
    const { routes, reached, statuses, overSocket } = await fuzzed(
      await inMemory(),
      requests.memory,
    );
    if (requests.memory < 18_000) return;
    // Else the fuzzer would only knock at doors.
    const missed = [...routes].filter((route) => !reached.has(route) && !OUT_OF_REACH.has(route));
    expect(missed.length, missed.join(", ")).toBeLessThan(routes.size / 10);
    expect(overSocket).toBeGreaterThan(1000);
    const met = [200, 201, 202, 204, 206, 400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422];
    for (const status of met) expect(statuses.get(status), String(status)).toBeGreaterThan(0);
  },
);

test(
  "odd requests on the embedded database and a directory are each answered in order",
  { timeout: TIMEOUT_MS },
  async () => {
    const { statuses } = await fuzzed(await embedded(), requests.embedded);
    expect(statuses.get(200)).toBeGreaterThan(0);
  },
);

test("a fault that the fuzzer meets is told with its request, and how to send it again", async () => {
  const http = await startHttp({
    http: {
      authenticate: async (token) => {
        if (token === "root") throw new Error("a planted defect");
        return TOKENS[token] ?? null;
      },
    },
  });
  const run = { requests: 200, seed: 7, socketShare: 0, log: () => [] };
  await expect(fuzz(http.app, run)).rejects.toThrow(
    /"code":"internal"[^]*Bearer root[^]*npm run fuzz -- --seed 7 --requests \d+/,
  );
  await http.close();
});

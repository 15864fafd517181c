import { describe, expect, test } from "vitest";
import { CloudflareCdn } from "../../src/adapters/cloudflare-cdn.ts";
import { JoinedCdn } from "../../src/adapters/joined-cdn.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { API_TOKEN, CloudflareServer, ZONE } from "../support/cloudflare.ts";

const ACCEPTED = { result: "accepted" };

function joined(server: CloudflareServer, clock: Clock = new SystemClock()): JoinedCdn {
  const cloudflare = new CloudflareCdn({
    zone: ZONE,
    apiToken: API_TOKEN,
    mode: "prefix",
    address: { domain: "cdn.example.org", keyPrefix: "" },
    endpoint: server.endpoint,
    userAgent: "expunge/test",
  });
  return new JoinedCdn(cloudflare, clock);
}

function prefix(name: number | string): string {
  return `cdn.example.org/projects/${name}`;
}

/** Its time is what a test says; pauses are over at once. */
class SetClock implements Clock {
  nowMs = 0;

  now(): number {
    return this.nowMs;
  }

  async sleep(): Promise<void> {}
}

describe("purges that many callers wait for", () => {
  test("go in as few requests as the API allows, URLs and prefixes apart", async () => {
    await using server = await CloudflareServer.start();
    const cdn = joined(server);
    const many = Array.from({ length: 130 }, (_, at) => cdn.purge([prefix(at)]));
    const url = cdn.purge(["https://cdn.example.org/one"]);
    for (const answer of await Promise.all([...many, url])) expect(answer).toEqual(ACCEPTED);
    expect(server.accepted.map((targets) => targets.length)).toEqual([100, 30, 1]);
  });

  test("are sent alone where they are refused together, so that each has its own answer", async () => {
    await using server = await CloudflareServer.start();
    server.faults = [{ refuses: "of-another-zone" }];
    const cdn = joined(server);
    const names = ["a", "of-another-zone", "c"];
    const answers = await Promise.all(names.map((name) => cdn.purge([prefix(name)])));
    const refused = { result: "failed", failure: { code: "cdn-refused" } };
    expect(answers).toMatchObject([ACCEPTED, refused, ACCEPTED]);
    expect(server.purged).toEqual([prefix("a"), prefix("c")]);
    expect(server.requests).toBe(4);
  });

  test("are not sent while the CDN asks to be left alone, and in one request afterwards", async () => {
    await using server = await CloudflareServer.start();
    server.faults = [{ status: 429, retryAfter: "9" }, "accept"];
    const clock = new SetClock();
    const cdn = joined(server, clock);
    const limited = (retryAfterMs: number) => ({
      result: "failed",
      failure: { code: "cdn-rate-limited", retryAfterMs },
    });
    expect(await cdn.purge([prefix(1)])).toMatchObject(limited(9000));
    clock.nowMs = 4000;
    expect(await cdn.purge([prefix(2)])).toMatchObject(limited(5000));
    expect(server.requests).toBe(1);
    clock.nowMs = 9000;
    const all = await Promise.all([1, 2, 3].map((name) => cdn.purge([prefix(name)])));
    expect(all).toEqual([ACCEPTED, ACCEPTED, ACCEPTED]);
    expect(server.accepted).toEqual([[prefix(1), prefix(2), prefix(3)]]);
  });

  test("are sent for those who still wait, and broken off once nobody does", async () => {
    await using server = await CloudflareServer.start();
    server.faults = ["hang", "accept"];
    const cdn = joined(server);
    const [one, two, other] = [1, 2, 3].map(() => new AbortController());
    const hanging = [cdn.purge([prefix(1)], one?.signal), cdn.purge([prefix(2)], two?.signal)];
    await expect.poll(() => server.requests).toBe(1);
    const gone = cdn.purge([prefix("gone")], other?.signal);
    const later = cdn.purge([prefix("later")]);
    other?.abort(new Error("gone"));
    await expect(gone).rejects.toThrow("gone");
    one?.abort(new Error("first"));
    await expect(hanging[0]).rejects.toThrow("first");
    two?.abort(new Error("second"));
    await expect(hanging[1]).rejects.toThrow("second");
    expect(await later).toEqual(ACCEPTED);
    expect(server.accepted).toEqual([[prefix("later")]]);
  });
});

import { describe, expect, test } from "vitest";
import { CloudflareCdn, type CloudflareOptions } from "../../src/adapters/cloudflare-cdn.ts";
import type { CdnAnswer } from "../../src/ports/cdn.ts";
import { API_TOKEN, CloudflareServer, type Fault, ZONE } from "../support/cloudflare.ts";

const URLS = ["https://cdn.example.org/projects/a/secret-name"];

function cdnOf(server: CloudflareServer, options: Partial<CloudflareOptions> = {}): CloudflareCdn {
  return new CloudflareCdn({
    zone: ZONE,
    apiToken: API_TOKEN,
    mode: "url",
    address: { domain: "cdn.example.org", keyPrefix: "" },
    endpoint: server.endpoint,
    userAgent: "expunge/test",
    ...options,
  });
}

async function answerTo(fault: Fault): Promise<CdnAnswer> {
  await using server = await CloudflareServer.start();
  server.faults = [fault];
  const timeoutMs = fault === "hang" ? 50 : 5000;
  return await cdnOf(server, { timeoutMs }).purge(URLS);
}

function failure(code: string, errorClass: string, retryAfterMs: number | null = null) {
  return { result: "failed", failure: { code, errorClass, retryAfterMs } };
}

describe("a purge at Cloudflare", () => {
  test.each<[Fault, ReturnType<typeof failure>]>([
    [{ status: 429, retryAfter: "7" }, failure("cdn-rate-limited", "retryable", 7000)],
    [{ status: 429, retryAfter: "soon" }, failure("cdn-rate-limited", "retryable")],
    [{ status: 500 }, failure("cdn-unavailable", "retryable")],
    [{ status: 503, retryAfter: "1" }, failure("cdn-unavailable", "retryable", 1000)],
    [{ status: 408 }, failure("cdn-unavailable", "retryable")],
    [{ status: 401 }, failure("cdn-denied", "blocked")],
    [{ status: 403 }, failure("cdn-denied", "blocked")],
    [{ status: 400, codes: [6003] }, failure("cdn-denied", "blocked")],
    [{ status: 404 }, failure("cdn-zone-unknown", "blocked")],
    [{ status: 400, codes: [7003] }, failure("cdn-zone-unknown", "blocked")],
    [{ status: 400 }, failure("cdn-refused", "permanent")],
    [{ status: 200, codes: [1134] }, failure("cdn-refused", "permanent")],
    ["not-json", failure("cdn-unreadable-reply", "unknown")],
    ["other-json", failure("cdn-unreadable-reply", "unknown")],
    ["endless", failure("cdn-unreadable-reply", "unknown")],
    ["redirect", failure("cdn-unreadable-reply", "unknown")],
    ["hang", failure("cdn-unavailable", "retryable")],
    ["reset", failure("cdn-unavailable", "retryable")],
  ])("that is answered so (%j) is taken for what it is", async (fault, wanted) => {
    const answer = await answerTo(fault);
    expect(answer).toMatchObject(wanted);
    expect(JSON.stringify(answer)).not.toMatch(/secret-name|hunter2|asked\.example/);
  });

  test("names itself, and the numbers of what was refused", async () => {
    await using server = await CloudflareServer.start();
    await cdnOf(server).purge(URLS);
    expect(server.agents).toEqual(["expunge/test"]);
    const answer = await answerTo({ status: 400, codes: [1016, 1012] });
    expect(answer).toMatchObject({
      failure: { message: "the CDN's API answered 400 (1016, 1012)" },
    });
  });

  test("with a wrong token is denied", async () => {
    await using server = await CloudflareServer.start();
    const answer = await cdnOf(server, { apiToken: "another" }).purge(URLS);
    expect(answer).toMatchObject(failure("cdn-denied", "blocked"));
  });

  test("of an endpoint where nobody listens fails in its own words", async () => {
    const server = await CloudflareServer.start();
    const cdn = cdnOf(server);
    await server[Symbol.asyncDispose]();
    expect(await cdn.purge(URLS)).toMatchObject({
      failure: { code: "cdn-unavailable", message: "the CDN's API broke off: ECONNREFUSED" },
    });
  });
});

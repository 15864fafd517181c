import { describe, expect, it } from "vitest";
import { MemoryCdn } from "../../../src/adapters/memory/cdn.ts";
import type { CdnFailure } from "../../../src/core/cdn.ts";
import { settleRemovals } from "../../../src/services/files/removals.ts";
import { ADMIN, putText } from "../../support/context.ts";
import { deletionFixture } from "../../support/deletion-fixture.ts";

const fixture = deletionFixture();
const NEVER = new AbortController().signal;

const BUSY: CdnFailure = {
  code: "cdn-rate-limited",
  errorClass: "retryable",
  message: "later",
  retryAfterMs: 60_000,
};

describe("a file before a CDN", () => {
  it.each([
    ["prefix", (key: string) => `cdn.example.org/${key}`],
    ["url", (key: string) => `https://cdn.example.org/${key}`],
  ] as const)("is purged in mode %s once it is verified gone", async (mode, targetOf) => {
    const cdn = new MemoryCdn(mode);
    await fixture.start({ cdn });
    await fixture.project("p1");
    const key = await putText(fixture.service, "p1", "a.txt", "one");
    const { files } = fixture.service.services;
    expect(await files.delete(ADMIN, "p1", "a.txt")).toMatchObject({ outcome: "deleted" });
    expect(cdn.accepted).toEqual([[targetOf(key)]]);
  });

  it("that is replaced has its old object purged", async () => {
    const cdn = new MemoryCdn("url");
    await fixture.start({ cdn, work: false });
    await fixture.project("p1");
    const old = await putText(fixture.service, "p1", "a.txt", "one");
    await putText(fixture.service, "p1", "a.txt", "two");
    const { context } = fixture.service;
    await settleRemovals(context, await context.metadata.findRemovals([old]), NEVER);
    expect(new Set(cdn.accepted.flat())).toEqual(new Set([`https://cdn.example.org/${old}`]));
  });

  it("stays on record until its purge is accepted, for as long as the CDN asks", async () => {
    let failure: CdnFailure | null = BUSY;
    const cdn = new MemoryCdn("prefix", () => failure);
    await fixture.start({ cdn, work: false });
    await fixture.project("p1");
    const key = await putText(fixture.service, "p1", "a.txt", "one");
    const { context, services } = fixture.service;
    expect(await services.files.delete(ADMIN, "p1", "a.txt")).toEqual({
      path: "a.txt",
      outcome: "pending",
      code: "cdn-rate-limited",
    });
    expect(fixture.keys()).toEqual([]);
    expect(fixture.service.log.text()).toMatch(/"retryInMs":60000/);
    failure = null;
    const results = await settleRemovals(
      context,
      await context.metadata.findRemovals([key]),
      NEVER,
    );
    expect(results).toEqual([{ key, verified: true }]);
    expect(await context.metadata.findRemovals([key])).toEqual([]);
    expect(cdn.accepted).toEqual([[`cdn.example.org/${key}`]]);
  });
});

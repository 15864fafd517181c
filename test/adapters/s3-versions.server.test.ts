import { afterEach, beforeEach, expect, it } from "vitest";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { utf8 } from "../../src/core/encoding.ts";
import type { VersionEntry } from "../../src/ports/object-store.ts";
import { everyPage } from "../contract/object-store/fixture.ts";
import { s3Server } from "../servers/given.ts";
import { S3Bucket } from "../support/s3-bucket.ts";

/** More than a page of any length below: a version of a key with many takes Ceph a tenth of a second. */
const VERSIONS = 350;
const IN_FLIGHT = 8;

let bucket: S3Bucket;
let store: S3ObjectStore;

beforeEach(async () => {
  bucket = await S3Bucket.create(s3Server(), { versioned: true });
  store = new S3ObjectStore(bucket.options());
});

afterEach(async () => {
  store.close();
  await bucket[Symbol.asyncDispose]();
});

async function fill(): Promise<void> {
  await store.put("a", utf8("before"));
  await store.put("c", utf8("behind"));
  const waiting = Array.from({ length: VERSIONS }, (_, i) => i).values();
  const worker = async (): Promise<void> => {
    for (const i of waiting) await store.put("b", utf8(`version ${i}`));
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

const idOf = ({ key, versionId }: VersionEntry): string => `${key} ${versionId}`;

it(
  "lists a key with more versions than a page once, and goes on while they are removed",
  {
    timeout: 120_000,
  },
  async () => {
    await fill();
    const all = await everyPage((options) => store.listVersions("", options), 200);
    expect(all.map(({ key }) => key)).toEqual([
      "a",
      ...Array.from({ length: VERSIONS }, () => "b"),
      "c",
    ]);
    expect(new Set(all.map(idOf)).size).toBe(VERSIONS + 2);
    expect(all.filter(({ isLatest }) => isLatest).map(({ key }) => key)).toEqual(["a", "b", "c"]);
    const some = await everyPage((options) => store.listVersions("", options), 90);
    expect(some.map(idOf)).toEqual(all.map(idOf));

    const removed: string[] = [];
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const page = await store.listVersions("", { limit: 120, ...(cursor ? { cursor } : {}) });
      const results = await store.removeVersions(page.entries);
      expect(results.every(({ result }) => result === "gone")).toBe(true);
      removed.push(...page.entries.map(idOf));
      cursor = page.next;
    }
    expect(removed).toEqual(all.map(idOf));
    expect((await store.listVersions("")).entries).toEqual([]);
  },
);

it("passes over no version where only the one at the end of a page was removed", async () => {
  for (const text of ["1", "2", "3", "4", "5"]) await store.put("b", utf8(text));
  await store.put("c", utf8("behind"));
  const all = await everyPage((options) => store.listVersions("", options));
  const first = await store.listVersions("", { limit: 2 });
  const last = first.entries.at(-1);
  await store.removeVersions(last ? [last] : []);
  const rest = await store.listVersions("", { cursor: first.next ?? "" });
  // The one before it is shown again: better twice than not at all.
  expect(rest.entries.map(idOf)).toEqual(all.map(idOf).filter((_, i) => i !== 1));
});

import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/core/encoding.ts";
import type { ObjectStore, Page } from "../../src/ports/object-store.ts";
import { collect, everyPage, pattern } from "../contract/object-store/fixture.ts";
import { dialectOf } from "../wire/dialects.ts";
import {
  cutReply,
  ignoreRange,
  listingFault,
  malformedReply,
  shortBody,
} from "../wire/fault-kinds.ts";
import type { ListingFault } from "../wire/fault.ts";
import type { Operation } from "../wire/operations.ts";
import { type S3OnWire, useS3OnWire } from "./s3-faults-fixture.ts";

const start = useS3OnWire();
const KEYS = ["p/a", "p/b c", "p/d+e", "p/f"];

async function filled(...more: Parameters<typeof start>): Promise<S3OnWire> {
  const subject = await start(...more);
  for (const key of KEYS) {
    await subject.bucket.store.put(key, utf8("x"));
    await subject.bucket.store.createUpload(key, "text/plain");
  }
  return subject;
}

interface Listing {
  readonly operation: Operation;
  list(
    store: ObjectStore,
    options?: { cursor?: string; limit?: number },
  ): Promise<Page<{ key: string }>>;
}

const OBJECTS: Listing = {
  operation: "ListObjectsV2",
  list: (store, options) => store.list("p/", options),
};
const VERSIONS: Listing = {
  operation: "ListObjectVersions",
  list: (store, options) => store.listVersions("p/", options),
};
const UPLOADS: Listing = {
  operation: "ListMultipartUploads",
  list: (store, options) => store.listUploads("p/", options),
};
const LISTINGS = [OBJECTS, VERSIONS, UPLOADS];

const BROKEN = { code: "listing-broken", errorClass: "unknown" };

function plan({ server }: S3OnWire, { operation }: Listing, fault: ListingFault, times = 1): void {
  server.faults.plan({ operation, times }, listingFault(fault));
}

describe("the S3 store's listings", () => {
  it("are broken where a page is not the last and does not say how to go on", async () => {
    const subject = await filled({}, { versioning: "enabled" });
    for (const listing of LISTINGS) {
      plan(subject, listing, { withoutToken: true });
      await expect(listing.list(subject.store)).rejects.toMatchObject(BROKEN);
      plan(subject, listing, { withoutToken: true, entriesMax: 2 });
      await expect(listing.list(subject.store)).rejects.toMatchObject(BROKEN);
    }
  });

  it("are broken where they go in circles", async () => {
    const subject = await filled({}, { versioning: "enabled" });
    for (const listing of LISTINGS) {
      let cursor = "";
      for (let pages = 0; pages < 2; pages++) {
        const from = cursor === "" ? {} : { cursor };
        cursor = (await listing.list(subject.store, { limit: 1, ...from })).next ?? "";
      }
      plan(subject, listing, { repeatsToken: true });
      await expect(listing.list(subject.store, { limit: 1, cursor })).rejects.toMatchObject(BROKEN);
    }
  });

  it("are broken where a key comes that was not asked for", async () => {
    const subject = await filled({}, { versioning: "enabled" });
    for (const listing of LISTINGS) {
      for (const foreignKey of ["q/a", "p", "P/a"]) {
        plan(subject, listing, { foreignKey });
        await expect(listing.list(subject.store)).rejects.toMatchObject(BROKEN);
      }
    }
  });

  it("go on over short and empty pages to the store's own end", async () => {
    for (const name of ["aws", "ceph"] as const) {
      const subject = await filled({ dialect: dialectOf(name) }, { versioning: "enabled" });
      plan(subject, OBJECTS, { empty: true }, 3);
      for (const listing of LISTINGS) {
        plan(subject, listing, { entriesMax: 1 }, 50);
        const found = await everyPage((options) => listing.list(subject.store, options));
        expect(found.map(({ key }) => key)).toEqual(KEYS);
      }
    }
  });

  it("show what the store shows, also where that is out of date", async () => {
    const subject = await filled();
    const stale = await subject.bucket.view();
    await subject.store.remove(KEYS);
    plan(subject, OBJECTS, { stale });
    expect((await OBJECTS.list(subject.store)).entries.map(({ key }) => key)).toEqual(KEYS);
    expect((await OBJECTS.list(subject.store)).entries).toEqual([]);
  });

  it("never end early where a page is cut, wherever that is", async () => {
    const subject = await filled({}, { versioning: "enabled" });
    await subject.store.capabilities();
    for (const listing of LISTINGS) {
      let good = 0;
      for (let bytes = 1; good === 0; bytes += 3) {
        subject.server.faults.clear();
        subject.server.faults.plan({ operation: listing.operation }, malformedReply(bytes));
        const page = await listing.list(subject.store).catch((error: unknown) => error as Error);
        if (page instanceof Error) {
          expect(page).toMatchObject(BROKEN);
          continue;
        }
        expect(
          page.entries.map(({ key }) => key),
          `${bytes} bytes`,
        ).toEqual(KEYS);
        good = bytes;
      }
      expect(good).toBeGreaterThan(500);
    }
  });

  it("are broken for parts in the same ways", async () => {
    const { server, bucket, store } = await start();
    const id = await bucket.store.createUpload("u", "text/plain");
    for (const number of [1, 2, 3]) {
      const body = (async function* () {
        yield utf8("x");
      })();
      await bucket.store.uploadPart("u", id, number, { body, sizeBytes: 1 });
    }
    const target = { operation: "ListParts", times: 1 } as const;
    server.faults.plan({ ...target, times: 3 }, listingFault({ entriesMax: 1 }));
    expect(await store.listParts("u", id)).toHaveLength(3);
    for (const fault of [
      { withoutToken: true },
      { withoutToken: true, entriesMax: 1 },
      { repeatsToken: true, entriesMax: 1 },
    ]) {
      server.faults.clear();
      server.faults.plan(target, listingFault(fault));
      await expect(store.listParts("u", id)).rejects.toMatchObject(BROKEN);
    }
  });
});

describe("the S3 store's bodies", () => {
  const LARGE = pattern(2 * 1024 * 1024);
  const target = { operation: "GetObject", times: 1 } as const;
  const range = { start: 100, end: 1_500_000 };

  it("end with every byte or throw, wherever the connection breaks or hangs", async () => {
    const { server, bucket, hasty, store } = await start();
    await bucket.store.put("large", LARGE);
    await bucket.store.put("small", LARGE.subarray(0, 1000));
    for (const key of ["large", "small"]) {
      for (const share of [0, 0.3, 0.999]) {
        for (const [end, code] of [
          ["reset", "store-unavailable"],
          ["close", "store-unavailable"],
          ["hang", "timeout"],
        ] as const) {
          server.faults.plan(target, cutReply(end, share));
          const reader = end === "hang" ? hasty : store;
          const reading = async () => await collect((await reader.get(key)).body);
          await expect(reading(), `${key} ${share} ${end}`).rejects.toMatchObject({
            code,
            errorClass: "retryable",
          });
        }
      }
    }
    expect(Buffer.from(await collect((await store.get("large")).body)).equals(LARGE)).toBe(true);
  });

  it("are refused where they are another range than was asked for", async () => {
    const { server, bucket, store } = await start();
    await bucket.store.put("large", LARGE);
    for (const fault of [ignoreRange(), shortBody(1), shortBody(range.end)]) {
      server.faults.plan(target, fault);
      const reading = async () => await collect((await store.get("large", range)).body);
      await expect(reading(), fault.name).rejects.toMatchObject({
        code: "unlisted-reply",
        errorClass: "unknown",
      });
    }
  });
});

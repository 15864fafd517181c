import {
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { listingFault } from "./fault-kinds.ts";
import type { ListingFault } from "./fault.ts";
import { BUCKET, useWire, type Wire } from "./fixture.ts";

const start = useWire();
const BYTES = new TextEncoder().encode("x");
const KEYS = ["a", "b", "c", "d"];

async function filled(options: Parameters<typeof start>[1] = {}): Promise<Wire> {
  const wire = await start({}, options);
  for (const key of KEYS) await wire.server.bucket(BUCKET).store.put(key, BYTES);
  return wire;
}

/** One page of objects under a fault: keys, whether it is truncated, and its token. */
async function page({ client, server }: Wire, listing: ListingFault, input: object = {}) {
  server.faults.plan({ operation: "ListObjectsV2", times: 1 }, listingFault(listing));
  const found = await client.send(new ListObjectsV2Command({ Bucket: BUCKET, ...input }));
  const keys = (found.Contents ?? []).map(({ Key }) => Key);
  return { keys, isTruncated: found.IsTruncated, token: found.NextContinuationToken };
}

describe("a fault of listings", () => {
  it("is a page that is truncated and does not say where it goes on", async () => {
    const wire = await filled();
    const cut = await page(wire, { withoutToken: true, entriesMax: 2 });
    expect(cut).toEqual({ keys: ["a", "b"], isTruncated: true, token: undefined });
  });

  it("is a token that comes again and again", async () => {
    const wire = await filled();
    const first = await page(wire, {}, { MaxKeys: 2 });
    const input = { MaxKeys: 1, ContinuationToken: first.token };
    const second = await page(wire, { repeatsToken: true }, input);
    expect(second).toEqual({ keys: ["c"], isTruncated: true, token: first.token });
  });

  it("is an empty or a short page, behind which the others come", async () => {
    const wire = await filled();
    const empty = await page(wire, { empty: true }, { StartAfter: "a" });
    expect(empty).toMatchObject({ keys: [], isTruncated: true });
    const again = await page(wire, { empty: true }, { ContinuationToken: empty.token });
    expect(again.token).not.toBe(empty.token);
    const short = await page(wire, { entriesMax: 2 }, { ContinuationToken: again.token });
    expect(short).toMatchObject({ keys: ["b", "c"], isTruncated: true });
    const rest = await page(wire, {}, { ContinuationToken: short.token });
    expect(rest).toEqual({ keys: ["d"], isTruncated: false, token: undefined });
  });

  it("is a key that was not asked for", async () => {
    const wire = await filled();
    expect((await page(wire, { foreignKey: "z" }, { Prefix: "a" })).keys).toEqual(["a", "z"]);
  });

  it("is what was there at an earlier time, over as many pages as it takes", async () => {
    const wire = await filled();
    const stale = await wire.server.bucket(BUCKET).view();
    await wire.server.bucket(BUCKET).store.remove(KEYS);
    const first = await page(wire, { stale }, { MaxKeys: 3 });
    expect(first).toMatchObject({ keys: ["a", "b", "c"], isTruncated: true });
    const second = await page(wire, { stale }, { MaxKeys: 3, ContinuationToken: first.token });
    expect(second).toMatchObject({ keys: ["d"], isTruncated: false });
    expect(await page(wire, {})).toMatchObject({ keys: [], isTruncated: false });
  });

  it("happens to versions, uploads and parts as well", async () => {
    const { client, server } = await filled({ versioning: "enabled" });
    const { store } = server.bucket(BUCKET);
    const UploadId = await store.createUpload("u", "x/y");
    for (const number of [1, 2]) {
      const body = (async function* () {
        yield BYTES;
      })();
      await store.uploadPart("u", UploadId, number, { body, sizeBytes: 1 });
    }
    const plan = (listing: ListingFault) =>
      server.faults.plan({ operation: "any", times: 1 }, listingFault(listing));
    const lost = { withoutToken: true, entriesMax: 1 };
    plan(lost);
    const versions = await client.send(new ListObjectVersionsCommand({ Bucket: BUCKET }));
    expect([versions.Versions?.length, versions.IsTruncated, versions.NextKeyMarker]).toEqual([
      1,
      true,
      undefined,
    ]);
    plan({ ...lost, foreignKey: "z" });
    const uploads = await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
    expect([uploads.Uploads?.length, uploads.IsTruncated, uploads.NextKeyMarker]).toEqual([
      2,
      true,
      undefined,
    ]);
    plan(lost);
    const parts = await client.send(new ListPartsCommand({ Bucket: BUCKET, Key: "u", UploadId }));
    expect([parts.Parts?.length, parts.IsTruncated, parts.NextPartNumberMarker]).toEqual([
      1,
      true,
      undefined,
    ]);
    plan({ entriesMax: 1, repeatsToken: true, foreignKey: "z" });
    const again = await client.send(
      new ListObjectVersionsCommand({ Bucket: BUCKET, KeyMarker: "a", VersionIdMarker: "v1" }),
    );
    expect([again.NextKeyMarker, again.NextVersionIdMarker]).toEqual(["a", "v1"]);
    expect(again.Versions?.map(({ Key }) => Key)).toEqual(["b", "z"]);
  });
});

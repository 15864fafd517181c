import { describe, expect, test } from "vitest";
import { refuseWith } from "../wire/fault-kinds.ts";
import { BUCKET, useBucket } from "./bucket.ts";
import { expunge, temporaryDir } from "./harness.ts";

const serveBucket = useBucket();
const BYTES = new TextEncoder().encode("12345");

interface Swept {
  readonly root: string;
  readonly prefix: string;
  readonly found: number;
  readonly deleted: number;
  readonly blocked: number;
  readonly verified: boolean;
  readonly residue: readonly { readonly key: string; readonly code: string }[];
}

async function sweep(
  env: Readonly<Record<string, string>>,
  ...argv: string[]
): Promise<{ code: number; document: Swept; text: string }> {
  const cwd = await temporaryDir();
  const { code, stdout } = await expunge(["sweep", ...argv, "--json"], { cwd, env });
  return { code, document: JSON.parse(stdout) as Swept, text: stdout };
}

describe("a sweep of a bucket", () => {
  test("empties its prefix of objects and uploads, 2,300 of them, and leaves every sibling", async () => {
    const { server, env } = await serveBucket();
    const { store } = server.bucket(BUCKET);
    for (let i = 0; i < 2300; i++) await store.put(`p1/${i % 7}/${i}`, BYTES);
    await store.put("p10/a", BYTES);
    await store.put("p1", BYTES);
    await store.createUpload("p1/open", "x/y");
    const dry = await sweep(env, `s3://${BUCKET}/p1/`, "--dry-run");
    expect(dry).toMatchObject({ code: 0, document: { found: 2301, deleted: 0, verified: false } });
    expect(store.snapshot().objects.size).toBe(2302);
    const { code, document, text } = await sweep(env, `s3://${BUCKET}/p1/`, "--yes");
    expect(code).toBe(0);
    expect(document).toMatchObject({
      root: `s3://${BUCKET}`,
      prefix: "p1/",
      found: 2301,
      deleted: 2301,
      verified: true,
      residue: [],
    });
    expect([...store.snapshot().objects.keys()]).toEqual(["p1", "p10/a"]);
    expect(store.snapshot().uploads.size).toBe(0);
    expect(text).not.toContain(server.credentials.secretAccessKey);
  });

  test("takes the bucket of the URL, whatever store is configured, and the configured keys", async () => {
    const { server, env } = await serveBucket();
    server.makeBucket("another-bucket");
    await server.bucket("another-bucket").store.put("x/1", BYTES);
    await server.bucket(BUCKET).store.put("x/1", BYTES);
    const { code, document } = await sweep(env, "s3://another-bucket/x/", "--yes");
    expect(code).toBe(0);
    expect(document).toMatchObject({ root: "s3://another-bucket", found: 1, verified: true });
    expect(server.bucket(BUCKET).store.snapshot().objects.size).toBe(1);
  });

  test("removes every version and marker where the bucket keeps them", async () => {
    const { server, env } = await serveBucket({}, { versioning: "enabled" });
    const { store } = server.bucket(BUCKET);
    for (let i = 0; i < 3; i++) await store.put("v/a", BYTES);
    await store.remove(["v/a"]);
    const { code, document } = await sweep(env, `s3://${BUCKET}/v/`, "--yes");
    expect(code).toBe(0);
    expect(document).toMatchObject({ found: 4, deleted: 4, verified: true });
    expect(store.snapshot().versions).toEqual([]);
  });

  test("spares what any expunge keeps for itself there, wherever its store begins", async () => {
    const { server, env } = await serveBucket();
    const { store } = server.bucket(BUCKET);
    const kept = [".expunge/tombstones/t.json", "app1/.expunge/receipts/r.jws"];
    for (const key of [...kept, "app1/projects/x", "top"]) await store.put(key, BYTES);
    const all = await sweep(env, `s3://${BUCKET}/`, "--whole-bucket", "--yes");
    expect(all.document).toMatchObject({ found: 2, deleted: 2, verified: true });
    expect([...store.snapshot().objects.keys()]).toEqual(kept);
    const refused = await sweep(env, `s3://${BUCKET}/app1/.expunge/`, "--yes");
    expect(refused.code).toBe(7);
    const meant = await sweep(env, `s3://${BUCKET}/app1/.expunge/`, "--yes", "--include-expunge");
    expect(meant.document).toMatchObject({ found: 1, verified: true });
  });

  test.each([
    ["the whole bucket", "", "--whole-bucket"],
    ["a prefix without a boundary", "p1", "--no-boundary"],
  ])(
    "of %s is refused without its flag, and nothing is asked of the store",
    async (_n, at, flag) => {
      const { server, env } = await serveBucket();
      const cwd = await temporaryDir();
      const argv = ["sweep", `s3://${BUCKET}/${at}`, "--yes"];
      const { code, stderr } = await expunge(argv, { cwd, env });
      expect(code).toBe(7);
      expect(stderr).toContain(flag);
      expect(server.log).toEqual([]);
    },
  );

  test("names the keys that a policy keeps, and ends with exit code 3", async () => {
    const { server, env } = await serveBucket();
    const { store } = server.bucket(BUCKET);
    for (const key of ["d/1", "d/2", "d/3"]) await store.put(key, BYTES);
    store.failures.refuse = (key) =>
      key === "d/2"
        ? { result: "blocked", retryable: false, code: "access-denied", message: "denied" }
        : null;
    const { code, document } = await sweep(env, `s3://${BUCKET}/d/`, "--yes");
    expect(code).toBe(3);
    expect(document).toMatchObject({ found: 3, deleted: 2, blocked: 1, verified: false });
    expect(document.residue.map(({ key, code }) => [key, code])).toEqual([
      ["d/2", "access-denied"],
    ]);
  });

  test("goes on through a store that throttles, and deletes each key once it may", async () => {
    const { server, env } = await serveBucket();
    const { store } = server.bucket(BUCKET);
    for (let i = 0; i < 30; i++) await store.put(`t/${i}`, BYTES);
    const slow = refuseWith("SlowDown");
    const operation = ["ListObjectsV2", "DeleteObjects"] as const;
    const planned = server.faults.plan({ operation, times: 3 }, slow);
    const { code, document } = await sweep(env, `s3://${BUCKET}/t/`, "--yes");
    expect(code).toBe(0);
    expect(document).toMatchObject({ found: 30, deleted: 30, verified: true });
    expect(planned.hits).toBe(3);
  });

  test("without a key is told which setting is missing, by the store that refuses it", async () => {
    const { server, env } = await serveBucket();
    const wrong = { ...env, EXPUNGE_S3_SECRET_ACCESS_KEY: "not-the-secret-0123456789" };
    const cwd = await temporaryDir();
    const argv = ["sweep", `s3://${BUCKET}/p/`, "--yes"];
    const { code, stderr } = await expunge(argv, { cwd, env: wrong });
    expect(code).toBe(2);
    expect(stderr).toContain("EXPUNGE_S3_SECRET_ACCESS_KEY");
    expect(stderr).toContain("store-unusable");
    expect(server.requests.DeleteObjects).toBe(0);
  });

  test("of a URL that names no bucket is wrong usage", async () => {
    const cwd = await temporaryDir();
    for (const url of ["s3://", "s3:///p/", "s3:bucket/p/", "gs://bucket/p/"]) {
      const { code } = await expunge(["sweep", url, "--yes"], { cwd });
      expect(code, url).toBe(2);
    }
  });
});

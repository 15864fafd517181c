import { stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { run } from "../../src/cli/program.ts";
import { BUCKET, type ServedBucket, useBucket } from "./bucket.ts";
import { expunge, ioOf, temporaryDir } from "./harness.ts";
import { filled, keysOf, sweep } from "./sweep-support.ts";

const serveBucket = useBucket();
const bucketOf = async (keys: readonly string[]): Promise<ServedBucket> =>
  await filled(await serveBucket(), keys);
const BYTES = new TextEncoder().encode("12345");

describe("a sweep with a filter", () => {
  const URL = `s3://${BUCKET}/p/`;

  test("removes what the globs take below the prefix, verifies that, and leaves the rest", async () => {
    const served = await bucketOf(["p/1.tmp", "p/d/2.tmp", "p/d/keep.tmp", "p/3.txt", "q/4.tmp"]);
    const globs = ["--include", "*.tmp", "--include", "d/*", "--exclude", "**/keep.*"];
    const { code, document } = await sweep(served, URL, "--yes", ...globs);
    expect(code).toBe(0);
    expect(document).toMatchObject({ found: 2, deleted: 2, bytes: 10, spared: 2, verified: true });
    expect(keysOf(served)).toEqual(["p/3.txt", "p/d/keep.tmp", "q/4.tmp"]);
  });

  test("is not verified while a key that it takes is there, whatever else is", async () => {
    const served = await bucketOf(["p/1.tmp", "p/2.tmp", "p/3.txt"]);
    served.server.bucket(BUCKET).store.failures.refuse = (key) =>
      key === "p/2.tmp"
        ? { result: "blocked", retryable: false, code: "object-locked", message: "locked" }
        : null;
    const { code, document } = await sweep(served, URL, "--yes", "--include", "*.tmp");
    expect(code).toBe(3);
    expect(document).toMatchObject({ found: 2, deleted: 1, spared: 1, verified: false });
  });

  test("judges each version and each upload by its key", async () => {
    const served = await serveBucket({}, { versioning: "enabled" });
    const { store } = served.server.bucket(BUCKET);
    for (const key of ["p/a.tmp", "p/a.tmp", "p/b"]) await store.put(key, BYTES);
    await store.remove(["p/a.tmp"]);
    await store.createUpload("p/open.tmp", "x/y");
    await store.createUpload("p/open", "x/y");
    const { document } = await sweep(served, URL, "--yes", "--include", "*.tmp");
    expect(document).toMatchObject({ found: 4, deleted: 4, spared: 2, verified: true });
    const { versions, uploads } = store.snapshot();
    expect(versions.map(({ key }) => key)).toEqual(["p/b"]);
    expect(uploads.size).toBe(1);
  });

  test("removes only what is old enough, by the times that the store tells", async () => {
    const dir = await temporaryDir();
    for (const name of ["old", "young"]) await writeFile(join(dir, name), "12345");
    const twoHoursAgo = (Date.now() - 7_200_000) / 1000;
    await utimes(join(dir, "old"), twoHoursAgo, twoHoursAgo);
    const argv = ["sweep", `file:${dir}/`, "--root", dir, "--whole-bucket", "--yes", "--json"];
    const { code, stdout } = await expunge([...argv, "--older-than", "1h"], { cwd: dir });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ found: 1, spared: 1, verified: true });
    await expect(stat(join(dir, "old"))).rejects.toThrow("ENOENT");
    expect((await stat(join(dir, "young"))).size).toBe(5);
  });

  test("of uploads only ends them and leaves the objects", async () => {
    const served = await bucketOf(["p/a"]);
    const { store } = served.server.bucket(BUCKET);
    await store.createUpload("p/open", "x/y");
    const { document } = await sweep(served, URL, "--yes", "--uploads-only");
    expect(document).toMatchObject({ found: 1, deleted: 1, spared: 0, verified: true });
    expect(store.snapshot().uploads.size).toBe(0);
    expect(keysOf(served)).toEqual(["p/a"]);
  });

  test("of uploads only is refused where the store is declared to list none", async () => {
    const { env, server } = await bucketOf([]);
    const declared = { server, env: { ...env, EXPUNGE_S3_WITHOUT: "multipart-listing" } };
    const { code, document } = await sweep(declared, URL, "--yes", "--uploads-only");
    expect(code).toBe(2);
    expect(document.error?.message).toContain("list no uploads");
  });

  test("of old versions leaves the newest of each key and the markers that hide one", async () => {
    const served = await serveBucket({}, { versioning: "enabled" });
    const { store } = served.server.bucket(BUCKET);
    for (const key of ["p/a", "p/a", "p/a", "p/b", "p/c"]) await store.put(key, BYTES);
    await store.remove(["p/b"]);
    await store.createUpload("p/open", "x/y");
    const { code, document } = await sweep(served, URL, "--yes", "--versions", "old");
    expect(code).toBe(0);
    expect(document).toMatchObject({ found: 3, deleted: 3, spared: 3, verified: true });
    const { versions, uploads, objects } = store.snapshot();
    expect(versions.map(({ key }) => key).toSorted()).toEqual(["p/a", "p/b", "p/c"]);
    expect([[...objects.keys()].toSorted(), uploads.size]).toEqual([["p/a", "p/c"], 1]);
    const all = await sweep(served, URL, "--yes", "--versions");
    expect(all.document).toMatchObject({ found: 4, verified: true });
    expect(store.snapshot().versions).toEqual([]);
  });

  test("of old versions is refused where the store keeps none", async () => {
    const { code, document } = await sweep(await bucketOf([]), URL, "--yes", "--versions=old");
    expect(code).toBe(2);
    expect(document.error?.message).toContain("keeps no versions");
  });

  test.each([
    ["a glob that cannot be read", ["--include", "[a"]],
    ["a duration without sense", ["--older-than", "soon"]],
    ["uploads alone together with versions", ["--uploads-only", "--versions"]],
    ["a resume file for a dry run", ["--dry-run", "--resume", "r.json"]],
  ])("%s is wrong usage, and nothing is asked of the store", async (_what, flags) => {
    const served = await bucketOf([]);
    const { code, document } = await sweep(served, URL, "--yes", ...flags);
    expect([code, document.error?.code]).toEqual([2, "invalid-request"]);
    expect(served.server.log).toEqual([]);
  });
});

test("a sweep in words says what the filter left, and names the keys that remain", async () => {
  const served = await bucketOf(["p/1.tmp", "p/2"]);
  const cwd = await temporaryDir();
  const argv = ["sweep", `s3://${BUCKET}/p/`, "--yes", "--include"];
  const done = await expunge([...argv, "*.tmp"], { cwd, env: served.env });
  expect(done.stdout).toContain("removed what the filter takes, and verified: 1 object (5 B)");
  expect(done.stdout).toContain("left: 1 object that the filter does not take");
  served.server.bucket(BUCKET).store.failures.refuse = () => ({
    result: "blocked",
    retryable: false,
    code: "object-locked",
    message: "locked",
  });
  const left = await expunge([...argv, "*"], { cwd, env: served.env });
  expect(left.stdout).toMatch(/^p\/2 +blocked +object-locked +The object is locked/m);
  expect(left.stdout).toContain("residue: 0 of 1 object (5 B)");
});

describe("a sweep at a terminal", () => {
  /** Runs it for a person who types this; answers its end and what the terminal showed. */
  async function atTerminal(
    { env }: ServedBucket,
    argv: readonly string[],
    typed: string,
  ): Promise<{ code: number; shown: string }> {
    const io = ioOf({ env, cwd: await temporaryDir() });
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    stdin.end(`${typed}\n`);
    const stderr = Object.assign(io.stderr, { isTTY: true });
    const code = await run(["sweep", ...argv], { ...io, stdin, stderr });
    return { code, shown: stderr.text };
  }

  test("of a whole bucket asks for the bucket's name, and goes on at nothing else", async () => {
    const served = await bucketOf(["a", "b"]);
    const argv = [`s3://${BUCKET}/`, "--whole-bucket"];
    const refused = await atTerminal(served, argv, "yes");
    expect(refused.code).toBe(7);
    expect(refused.shown).toContain("2 objects (10 B) of the whole of");
    expect(refused.shown).toContain(`Type '${BUCKET}'`);
    expect(keysOf(served)).toEqual(["a", "b"]);
    expect((await atTerminal(served, argv, BUCKET)).code).toBe(0);
    expect(keysOf(served)).toEqual([]);
  });

  test("of a prefix asks for the prefix, and draws how far it is", async () => {
    const served = await bucketOf(["p/a", "p/b"]);
    const { code, shown } = await atTerminal(served, [`s3://${BUCKET}/p/`], "p/");
    expect(code).toBe(0);
    expect(shown).toContain("[........................] 0 %  0 of 2 objects");
    expect(keysOf(served)).toEqual([]);
  });
});

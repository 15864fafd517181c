import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loseReply } from "../wire/fault-kinds.ts";
import { BUCKET, type ServedBucket, useBucket } from "./bucket.ts";
import { Child, temporaryDir } from "./harness.ts";
import { filled, keysOf, linesOf, sweep } from "./sweep-support.ts";

const serveBucket = useBucket();
const bucketOf = async (keys: readonly string[]): Promise<ServedBucket> =>
  await filled(await serveBucket(), keys);

describe("the report of a sweep", () => {
  const URL = `s3://${BUCKET}/p/`;

  test("has a line for each key with its outcome, and the end as its last one", async () => {
    const served = await bucketOf(["p/1", "p/2", "p/3"]);
    const { store } = served.server.bucket(BUCKET);
    await store.createUpload("p/open", "x/y");
    store.failures.refuse = (key) =>
      key === "p/2"
        ? { result: "blocked", retryable: false, code: "object-locked", message: "locked" }
        : null;
    const report = join(await temporaryDir(), "report.ndjson");
    const { code } = await sweep(served, URL, "--yes", "--report", report);
    expect(code).toBe(3);
    const lines = await linesOf(report);
    const last = new Map(lines.slice(0, -1).map((line) => [line.key, line]));
    const said = [...last].map(([key, { outcome, code }]) => [key, outcome, code]);
    expect(said.toSorted((a, b) => String(a[0]).localeCompare(String(b[0])))).toEqual([
      ["p/1", "deleted", undefined],
      ["p/2", "blocked", "object-locked"],
      ["p/3", "deleted", undefined],
      ["p/open", "deleted", undefined],
    ]);
    expect(last.get("p/open")?.uploadId).toMatch(/./);
    expect(lines.at(-1)).toMatchObject({ end: true, found: 4, deleted: 3, verified: false });
    expect((await stat(report)).mode & 0o777).toBe(0o600);
  });

  test("of a dry run has the keys that would go, without an outcome", async () => {
    const served = await bucketOf(["p/1", "p/2.tmp"]);
    const report = join(await temporaryDir(), "report.ndjson");
    await sweep(served, URL, "--dry-run", "--exclude", "*.tmp", "--report", report);
    expect(await linesOf(report)).toMatchObject([
      { key: "p/1", sizeBytes: 5, outcome: null },
      { end: true, dryRun: true, found: 1 },
    ]);
    expect(keysOf(served)).toEqual(["p/1", "p/2.tmp"]);
  });

  test("of a key that the store calls gone and keeps ends with what is true of it", async () => {
    const served = await bucketOf(["p/1"]);
    const { store } = served.server.bucket(BUCKET);
    store.remove = async (keys) => keys.map((key) => ({ key, result: "gone" as const }));
    const report = join(await temporaryDir(), "report.ndjson");
    expect((await sweep(served, URL, "--yes", "--report", report)).code).toBe(3);
    const ofKey = (await linesOf(report)).filter(({ key }) => key === "p/1");
    expect(ofKey.at(-1)).toMatchObject({ outcome: "failed", code: "reappeared" });
  });

  test.each([
    ["is never written over another file", "taken.ndjson", "is there already"],
    [
      "that cannot be made stops the sweep before it begins",
      "no/such/dir.ndjson",
      "cannot be written",
    ],
  ])("%s", async (_what, name, why) => {
    const served = await bucketOf(["p/1"]);
    const dir = await temporaryDir();
    await writeFile(join(dir, "taken.ndjson"), "precious\n");
    const { code, document } = await sweep(served, URL, "--yes", "--report", join(dir, name));
    expect(code).toBe(2);
    expect(document.error?.message).toContain(why);
    expect(await readFile(join(dir, "taken.ndjson"), "utf8")).toBe("precious\n");
    expect(keysOf(served)).toEqual(["p/1"]);
  });
});

describe("a sweep with a resume file", () => {
  const KEYS = Array.from({ length: 6500 }, (_, i) => `p/${String(i).padStart(5, "0")}`);

  /** Kills a sweep of all keys without a word, once the store has removed a page of which it was not told. */
  async function killed(served: ServedBucket, argv: readonly string[]): Promise<void> {
    const { promise: isHit, resolve: hit } = Promise.withResolvers<void>();
    const target = {
      operation: "DeleteObjects",
      key: (key: string): boolean => key === "p/02500",
      times: 1,
    } as const;
    served.server.faults.plan(target, () => {
      hit();
      return loseReply("hang");
    });
    const child = new Child(argv, { env: served.env });
    await isHit;
    await child.kill();
  }

  test("goes on after a kill, counts each key once and reports each key", async () => {
    const served = await bucketOf([...KEYS, "q/1"]);
    const dir = await temporaryDir();
    const [resume, report] = [join(dir, "resume.json"), join(dir, "report.ndjson")];
    const files = ["--resume", resume, "--report", report];
    const argv = [`s3://${BUCKET}/p/`, "--exclude", "0000?", "--yes", ...files];
    await killed(served, ["sweep", ...argv]);
    expect(keysOf(served).length).toBeGreaterThan(11);
    expect((await stat(resume)).mode & 0o777).toBe(0o600);
    const asked = served.server.requests.ListObjectsV2;
    const { code, document } = await sweep(served, ...argv);
    expect(code).toBe(0);
    const all = KEYS.length - 10;
    expect(document).toMatchObject({
      resumed: true,
      found: all,
      deleted: all,
      bytes: all * 5,
      spared: 10,
      verified: true,
    });
    expect(served.server.requests.ListObjectsV2 - asked).toBeLessThanOrEqual(6);
    expect(keysOf(served)).toEqual([...KEYS.slice(0, 10), "q/1"]);
    await expect(stat(resume)).rejects.toThrow("ENOENT");
    const lines = await linesOf(report);
    const reported = new Map(lines.slice(0, -1).map(({ key, outcome }) => [key, outcome]));
    expect([...reported.keys()].toSorted()).toEqual(KEYS.slice(10));
    expect(new Set(reported.values())).toEqual(new Set(["deleted"]));
  });

  test("is refused with the file of another prefix, bucket or filter, and named what differs", async () => {
    const served = await bucketOf(KEYS.slice(0, 3000));
    served.server.makeBucket("another-bucket");
    const resume = join(await temporaryDir(), "resume.json");
    await killed(served, ["sweep", `s3://${BUCKET}/p/`, "--yes", "--resume", resume]);
    const before = keysOf(served);
    for (const [argv, what] of [
      [[`s3://${BUCKET}/q/`], "prefix"],
      [["s3://another-bucket/p/"], "root"],
      [[`s3://${BUCKET}/p/`, "--exclude", "*.txt"], "exclude"],
      [[`s3://${BUCKET}/p/`, "--older-than", "1h"], "olderThanMs"],
    ] as const) {
      const { code, document } = await sweep(served, ...argv, "--yes", "--resume", resume);
      expect(code, what).toBe(2);
      expect(document.error?.message).toContain(what);
    }
    expect(keysOf(served)).toEqual(before);
  });

  test.each(["", "{}", "not json"])("is refused a file that is none: '%s'", async (text) => {
    const served = await bucketOf(["p/1"]);
    const resume = join(await temporaryDir(), "resume.json");
    await writeFile(resume, text);
    const { code, document } = await sweep(
      served,
      `s3://${BUCKET}/p/`,
      "--yes",
      "--resume",
      resume,
    );
    expect(code).toBe(2);
    expect(document.error?.message).toContain("is no resume file");
    expect(keysOf(served)).toEqual(["p/1"]);
  });

  test("keeps the file where residue remains, and counts on from there", async () => {
    const served = await bucketOf(["p/1", "p/2"]);
    const { store } = served.server.bucket(BUCKET);
    store.failures.refuse = (key) =>
      key === "p/2"
        ? { result: "blocked", retryable: false, code: "object-locked", message: "locked" }
        : null;
    const resume = join(await temporaryDir(), "resume.json");
    const argv = [`s3://${BUCKET}/p/`, "--yes", "--resume", resume];
    expect((await sweep(served, ...argv)).document).toMatchObject({ found: 2, deleted: 1 });
    store.failures.refuse = () => null;
    const { code, document } = await sweep(served, ...argv);
    expect(code).toBe(0);
    expect(document).toMatchObject({ resumed: true, found: 2, deleted: 2, verified: true });
  });
});

import { describe, expect, test } from "vitest";
import { freePorts } from "../servers/free-ports.ts";
import { proxyPage, refuseWith } from "../wire/fault-kinds.ts";
import type { WireServer } from "../wire/server.ts";
import { BUCKET, type ServedBucket, useBucket } from "./bucket.ts";
import { Child, expunge, temporaryDir } from "./harness.ts";

const serveBucket = useBucket();
const HOUR_MS = 3_600_000;

const WRITES = ["PutObject", "CreateMultipartUpload", "UploadPart", "DeleteObjects"] as const;

function readOnly(server: WireServer): void {
  server.faults.plan({ operation: WRITES }, refuseWith("AccessDenied"));
}

interface Trouble {
  readonly name: string;
  readonly serve: () => Promise<ServedBucket>;
  readonly env?: (served: ServedBucket) => Promise<Record<string, string>>;
  readonly exit: 2 | 10;
  readonly says: RegExp;
  readonly remedy: RegExp;
}

const TROUBLES: readonly Trouble[] = [
  {
    name: "a wrong secret",
    serve: () => serveBucket(),
    env: async () => ({ EXPUNGE_S3_SECRET_ACCESS_KEY: "wrong-secret-0123456789" }),
    exit: 2,
    says: /cannot be listed: .*(signature|secret)/i,
    remedy: /EXPUNGE_S3_SECRET_ACCESS_KEY/,
  },
  {
    name: "an access key that nobody knows",
    serve: () => serveBucket(),
    env: async () => ({ EXPUNGE_S3_ACCESS_KEY_ID: "AKIANOBODYKNOWSME000" }),
    exit: 2,
    says: /cannot be listed/,
    remedy: /EXPUNGE_S3_ACCESS_KEY_ID/,
  },
  {
    name: "an endpoint that is not reached",
    serve: () => serveBucket(),
    env: async () => ({ EXPUNGE_S3_ENDPOINT: `http://127.0.0.1:${(await freePorts(1))[0]}` }),
    exit: 10,
    says: /cannot be listed/,
    remedy: /EXPUNGE_S3_ENDPOINT/,
  },
  {
    name: "a bucket that is missing",
    serve: () => serveBucket(),
    env: async () => ({ EXPUNGE_STORE: "s3://no-such-bucket-here" }),
    exit: 2,
    says: /no-such-bucket-here/,
    remedy: /R2_BUCKET_NAME/,
  },
  {
    name: "a clock that is off by an hour",
    serve: () => serveBucket({ clock: { now: () => Date.now() + HOUR_MS } }),
    exit: 2,
    says: /cannot be listed: .*(clock|time)/i,
    remedy: /clock/,
  },
  {
    name: "a key that may only read",
    serve: async () => {
      const served = await serveBucket();
      readOnly(served.server);
      return served;
    },
    exit: 2,
    says: /cannot be written/,
    remedy: /Object Read & Write/,
  },
  {
    name: "a wrong region",
    serve: () => serveBucket({ region: "eu-central-1" }),
    env: async () => ({ EXPUNGE_S3_REGION: "us-east-1" }),
    exit: 2,
    says: /region/i,
    remedy: /EXPUNGE_S3_REGION/,
  },
  {
    name: "a web page in the place of the store",
    serve: async () => {
      const served = await serveBucket();
      served.server.faults.plan({ operation: "any" }, proxyPage(200));
      return served;
    },
    exit: 2,
    says: /cannot be listed/,
    remedy: /S3 API/,
  },
];

describe.each(TROUBLES)("a store with $name", ({ serve, env, exit, says, remedy }) => {
  test("stops the start with one sentence and what to do", async () => {
    const served = await serve();
    const cwd = await temporaryDir();
    const settings = { ...served.env, ...(await env?.(served)) };
    const child = new Child(["serve", "--port", "0"], { cwd, env: settings });
    const { code, stdout, stderr } = await child.end();
    expect({ code, stderr }).toMatchObject({ code: exit });
    expect(stdout).toBe("");
    const [error = "", todo = ""] = stderr.trim().split("\n");
    expect(error).toMatch(says);
    expect(todo).toMatch(remedy);
    expect(stderr).not.toContain(served.server.credentials.secretAccessKey);
    expect(stderr).not.toContain("wrong-secret");
  });

  test("is what doctor names, with the same remedy", async () => {
    const served = await serve();
    const cwd = await temporaryDir();
    const settings = { ...served.env, ...(await env?.(served)) };
    const { code, stdout } = await expunge(["doctor", "--json"], { cwd, env: settings });
    expect(code).toBe(4);
    const { ok, checks } = JSON.parse(stdout) as {
      ok: boolean;
      checks: { name: string; ok: boolean | null; detail: string; remedy: string | null }[];
    };
    expect(ok).toBe(false);
    const failed = checks.filter((check) => check.ok === false);
    expect(failed[0]?.name).toMatch(/^store-/);
    expect(failed[0]?.remedy).toMatch(remedy);
  });
});

test("doctor is content with a bucket that does all it should, and leaves nothing there", async () => {
  const { server, env } = await serveBucket({}, { versioning: "enabled" });
  const cwd = await temporaryDir();
  const { code, stdout } = await expunge(["doctor"], { cwd, env });
  expect(stdout).toMatch(/^ok {3}store-multipart: /m);
  expect(stdout).toMatch(/^ok {3}store-versions: versioning is enabled/m);
  expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/^doctor: \d+ checks, no problem$/);
  expect(code).toBe(0);
  const { versions, uploads } = server.bucket(BUCKET).store.snapshot();
  expect(versions).toEqual([]);
  expect(uploads.size).toBe(0);
});

test("doctor names a configuration that cannot be read before anything else", async () => {
  const cwd = await temporaryDir();
  const env = { EXPUNGE_S3_BUKET: "x" };
  const { code, stdout } = await expunge(["doctor", "--json"], { cwd, env });
  expect(code).toBe(4);
  const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: { detail: string }[] };
  expect(ok).toBe(false);
  expect(checks).toMatchObject([{ name: "configuration", ok: false }]);
  expect(checks[0]?.detail).toContain("BUCKET");
});

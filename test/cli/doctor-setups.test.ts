import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { freePorts } from "../servers/free-ports.ts";
import type { BucketOptions } from "../wire/bucket.ts";
import { dialectOf } from "../wire/dialects.ts";
import { proxyPage, refuseWith } from "../wire/fault-kinds.ts";
import type { Operation } from "../wire/operations.ts";
import type { WireOptions } from "../wire/server.ts";
import { useBucket } from "./bucket.ts";
import { doctor, type Env } from "./doctor-support.ts";
import { temporaryDir } from "./harness.ts";
import { postgresOfVersion } from "./postgres-of-version.ts";

const serveBucket = useBucket();
const MINUTE_MS = 60_000;

/** One set-up that is broken: what must be named, by which check, and what to do about it. */
interface SetUp {
  readonly what: string;
  readonly env: (cwd: string) => Promise<Env>;
  readonly check: string;
  readonly says: RegExp;
  readonly todo: RegExp;
}

function bucket(
  what: string,
  [check, says, todo]: readonly [string, RegExp, RegExp],
  change: {
    readonly wire?: WireOptions;
    readonly bucket?: BucketOptions;
    readonly env?: () => Env | Promise<Env>;
    readonly denied?: readonly Operation[];
    readonly unknown?: Operation;
    readonly page?: true;
  },
): SetUp {
  const env = async (): Promise<Env> => {
    const served = await serveBucket(change.wire, change.bucket);
    const { faults } = served.server;
    if (change.denied) faults.plan({ operation: change.denied }, refuseWith("AccessDenied"));
    if (change.unknown) faults.plan({ operation: change.unknown }, refuseWith("NotImplemented"));
    if (change.page) faults.plan({ operation: "any" }, proxyPage(200));
    return { ...served.env, ...(await change.env?.()) };
  };
  return { what, env, check, says, todo };
}

function denied(operation: Operation, check: string, right: RegExp): SetUp {
  const also: readonly Operation[] = operation === "DeleteObjects" ? ["DeleteObject"] : [];
  const wanted = [check, /no right to do this.*\(access-denied\)/s, right] as const;
  return bucket(`no right to ${operation}`, wanted, { denied: [operation, ...also] });
}

function ahead(ms: number): WireOptions {
  return { clock: { now: () => Date.now() + ms } };
}

const SET_UPS: readonly SetUp[] = [
  bucket(
    "a wrong secret",
    ["store-reachable", /invalid-credentials/, /EXPUNGE_S3_SECRET_ACCESS_KEY/],
    {
      env: () => ({ EXPUNGE_S3_SECRET_ACCESS_KEY: "wrong-secret-0123456789" }),
    },
  ),
  bucket("an unknown key", ["store-reachable", /invalid-credentials/, /EXPUNGE_S3_ACCESS_KEY_ID/], {
    env: () => ({ EXPUNGE_S3_ACCESS_KEY_ID: "AKIANOBODYKNOWSME000" }),
  }),
  bucket("a wrong region", ["store-reachable", /region.*wrong-region/, /EXPUNGE_S3_REGION/], {
    wire: { region: "eu-central-1" },
    env: () => ({ EXPUNGE_S3_REGION: "us-east-1" }),
  }),
  bucket("a clock off by an hour", ["store-reachable", /clock-skew/, /clock.*NTP/], {
    wire: ahead(60 * MINUTE_MS),
  }),
  bucket(
    "a clock off by five minutes",
    ["store-clock", /(29\d|30\d) s behind the store/, /clock.*NTP/],
    {
      wire: ahead(5 * MINUTE_MS),
    },
  ),
  bucket(
    "a missing bucket",
    ["store-reachable", /no-such-bucket/, /EXPUNGE_STORE.*R2_BUCKET_NAME/],
    {
      env: () => ({ EXPUNGE_STORE: "s3://no-such-bucket-here" }),
    },
  ),
  bucket(
    "an endpoint without a server",
    ["store-reachable", /store-unavailable/, /EXPUNGE_S3_ENDPOINT/],
    {
      env: async () => ({ EXPUNGE_S3_ENDPOINT: `http://127.0.0.1:${(await freePorts(1))[0]}` }),
    },
  ),
  bucket("a web page in the store's place", ["store-reachable", /store|reply|listing/, /S3 API/], {
    page: true,
  }),
  denied("ListObjectsV2", "store-reachable", /Allow s3:ListBucket on arn:aws:s3:::BUCKET \(/),
  denied("PutObject", "store-write", /Allow s3:PutObject on arn:aws:s3:::BUCKET\/\*/),
  denied("GetObject", "store-read", /Allow s3:GetObject on/),
  denied("DeleteObjects", "store-delete", /Allow s3:DeleteObject on/),
  denied("CreateMultipartUpload", "store-multipart", /Allow s3:PutObject on/),
  denied("ListParts", "store-multipart", /Allow .*s3:ListMultipartUploadParts on/),
  denied("AbortMultipartUpload", "store-multipart", /Allow s3:AbortMultipartUpload and .* on/),
  denied(
    "ListMultipartUploads",
    "store-multipart",
    /s3:ListBucketMultipartUploads on arn:aws:s3:::BUCKET \(/,
  ),
  bucket(
    "versions that may not be listed",
    ["store-versions", /access-denied/, /Allow s3:ListBucketVersions on/],
    { bucket: { versioning: "enabled" }, denied: ["ListObjectVersions"] },
  ),
  bucket(
    "a lock on new objects",
    ["store-delete", /object-locked/, /lock, retention or legal hold/],
    {
      wire: { dialect: dialectOf("r2", { lockedPrefixes: [".expunge/"] }) },
    },
  ),
  bucket(
    "no listing of uploads",
    [
      "store-uploads-listing",
      /each deletion will be blocked/,
      /EXPUNGE_S3_WITHOUT=multipart-listing/,
    ],
    { unknown: "ListMultipartUploads" },
  ),
  bucket(
    "no CORS for a page",
    ["bucket-cors", /https:\/\/app\.example\.com/, /Allow PUT.*docs\/uploads/],
    {
      env: () => ({ EXPUNGE_CORS_ORIGINS: "https://app.example.com" }),
    },
  ),
  bucket(
    "a lifecycle rule that removes objects",
    ["bucket-lifecycle", /the rule 'sweep-old' removes objects/, /lifecycle configuration/],
    { bucket: { lifecycle: [{ id: "sweep-old", prefix: "", expiresAfterDays: 30 }] } },
  ),
  bucket(
    "a lifecycle rule that ends young uploads",
    ["bucket-lifecycle", /after 1 days, which may live for 7/, /lifecycle configuration/],
    { bucket: { lifecycle: [{ id: "short", prefix: "", endsUploadsAfterDays: 1 }] } },
  ),
  bucket(
    "a default retention of new objects",
    ["bucket-retention", /locked \(GOVERNANCE, 30 days\)/, /object lock configuration/],
    { bucket: { objectLock: true, defaultRetentionDays: 30 } },
  ),
  {
    what: "a directory in which nothing can be written",
    // Not even by root, whom no mode of a directory keeps out.
    env: async () => ({ EXPUNGE_STORE: "file:/sys/expunge-doctor" }),
    check: "store-reachable",
    says: /sys\/expunge-doctor|rights|read-only/i,
    todo: /EXPUNGE_STORE|writable|right to read, write/,
  },
  {
    what: "a file where the directory should be",
    env: async (cwd) => {
      await writeFile(join(cwd, "file"), "");
      return { EXPUNGE_STORE: `file:${join(cwd, "file")}` };
    },
    check: "store-reachable",
    says: /file/,
    todo: /EXPUNGE_STORE|directory/,
  },
  {
    what: "a PostgreSQL that is too old",
    env: async () => await withPostgres(await portOfVersion("140012")),
    check: "database",
    says: /PostgreSQL 14; 15 or newer is needed/,
    todo: /Upgrade the server.*EXPUNGE_DATABASE/,
  },
  {
    what: "no database server",
    env: async () => await withPostgres((await freePorts(1))[0] ?? 0),
    check: "database",
    says: /ECONNREFUSED|not reached|cannot be reached/i,
    todo: /EXPUNGE_DATABASE/,
  },
  {
    what: "no signing key",
    env: async () => ({ EXPUNGE_SIGNING_KEY: "/no/such/key.pem" }),
    check: "signing-key",
    says: /\/no\/such\/key\.pem/,
    todo: /openssl genpkey.*EXPUNGE_SIGNING_KEY/,
  },
  {
    what: "a setting that is misspelt",
    env: async () => ({ EXPUNGE_S3_BUKET: "x" }),
    check: "configuration",
    says: /EXPUNGE_S3_BUKET.*EXPUNGE_S3_BUCKET/s,
    todo: /./,
  },
];

const listening: { close(): void }[] = [];
afterEach(() => {
  for (const server of listening.splice(0)) server.close();
});

async function portOfVersion(version: string): Promise<number> {
  const server = await postgresOfVersion(version);
  listening.push(server);
  return server.port;
}

async function withPostgres(port: number): Promise<Env> {
  return {
    EXPUNGE_DATABASE: `postgres://user:secret@127.0.0.1:${port}/app`,
    EXPUNGE_SIGNING_KEY: "/no/such/key.pem",
  };
}

describe("doctor names the cause and what to change", () => {
  test.each(SET_UPS)("where there is $what", async ({ env, check, says, todo }) => {
    const cwd = await temporaryDir();
    const settings = await env(cwd);
    const { code, checks, out } = await doctor(settings, cwd);
    expect(code).toBe(4);
    const found = checks.find(({ name, ok }) => name === check && ok === false);
    expect(found, out).toBeDefined();
    expect(found?.detail).toMatch(says);
    expect(found?.remedy).toMatch(todo);
    for (const secret of ["wrong-secret-0123456789", "wire/secret+of", ":secret@"]) {
      expect(out).not.toContain(secret);
    }
  });

  test("in at least fifteen set-ups, each by a check and a remedy of its own", () => {
    expect(SET_UPS.length).toBeGreaterThanOrEqual(15);
    expect(new Set(SET_UPS.map(({ what }) => what)).size).toBe(SET_UPS.length);
  });
});

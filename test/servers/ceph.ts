import { randomBytes } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needCephPackages } from "./ceph-packages.ts";
import { freePorts } from "./free-ports.ts";
import { HeldProcess } from "./held-process.ts";

export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Where tests find a real S3 server. Plain data: it is handed to the processes of the tests. */
export interface S3Address extends S3Keys {
  readonly endpoint: string;
  readonly region: string;
  /** A user without rights to the first one's buckets; null where the server is not ours. */
  readonly other: S3Keys | null;
}

export interface Ceph extends S3Address {
  readonly other: S3Keys;
  /** Ends its daemons and removes its data. Idempotent. */
  readonly stop: () => Promise<void>;
}

const SCRIPT = new URL("ceph-up.sh", import.meta.url);
const REGION = "us-east-1";
const MEMORY_GIB = 8;

/**
 * Starts Ceph's S3 gateway on 127.0.0.1 from nothing, in about a second; beside others that run. It
 * ends with this process, whatever that dies of.
 * @throws Error with what to do, where its programs are missing and cannot be installed
 */
export async function startCeph(): Promise<Ceph> {
  await needCephPackages();
  const [monPort = 0, s3Port = 0] = await freePorts(2);
  const main = newKeys();
  const other = newKeys();
  const held = new HeldProcess(SCRIPT, {
    DIR: await mkdtemp(join(tmpdir(), "expunge-ceph-")),
    MON_PORT: String(monPort),
    S3_PORT: String(s3Port),
    MEMORY_GIB: String(MEMORY_GIB),
    MAIN_KEYS: `${main.accessKeyId}:${main.secretAccessKey}`,
    OTHER_KEYS: `${other.accessKeyId}:${other.secretAccessKey}`,
  });
  await held.expect("ready");
  return {
    endpoint: `http://127.0.0.1:${s3Port}`,
    region: REGION,
    ...main,
    other,
    stop: () => held.stop(),
  };
}

function newKeys(): S3Keys {
  return {
    accessKeyId: randomBytes(10).toString("hex").toUpperCase(),
    secretAccessKey: randomBytes(20).toString("hex"),
  };
}

/** The server that whoever runs the tests has named, or null. @throws Error where keys are missing */
export function givenS3(env: NodeJS.ProcessEnv): S3Address | null {
  const endpoint = env["EXPUNGE_TEST_S3_ENDPOINT"];
  if (endpoint === undefined || endpoint === "") return null;
  const main = keysOf(env, "EXPUNGE_TEST_S3_");
  if (!main) {
    throw new Error(
      "EXPUNGE_TEST_S3_ENDPOINT needs EXPUNGE_TEST_S3_ACCESS_KEY_ID and " +
        "EXPUNGE_TEST_S3_SECRET_ACCESS_KEY beside it.",
    );
  }
  const region = env["EXPUNGE_TEST_S3_REGION"] ?? REGION;
  return { endpoint, region, ...main, other: keysOf(env, "EXPUNGE_TEST_S3_OTHER_") };
}

function keysOf(env: NodeJS.ProcessEnv, prefix: string): S3Keys | null {
  const accessKeyId = env[`${prefix}ACCESS_KEY_ID`] ?? "";
  const secretAccessKey = env[`${prefix}SECRET_ACCESS_KEY`] ?? "";
  return accessKeyId === "" || secretAccessKey === "" ? null : { accessKeyId, secretAccessKey };
}

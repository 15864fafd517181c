import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { S3Address } from "../../test/servers/ceph.ts";
import { expungeVersion, firstLineOf } from "../machine.ts";
import type { Server } from "./server.ts";

/** A program that empties a prefix of a bucket, from the command line. */
export interface Tool {
  readonly name: string;
  readonly version: string;
  /** As it is run in the root of the checkout; holds no secret. */
  command(bucket: string, prefix: string): readonly string[];
  /** What it is told otherwise and matters to its speed; "" where it is nothing. */
  readonly settings: string;
  /** All of its environment, secrets included. */
  readonly env: Readonly<Record<string, string>>;
}

interface Kind {
  readonly name: string;
  readonly version: (env: Readonly<Record<string, string>>) => Promise<string | null>;
  readonly command: Tool["command"];
  readonly settings: string;
  /** What it is told by its environment, besides PATH and HOME. */
  readonly variables: (server: Server, home: string) => Readonly<Record<string, string>>;
  /** What it takes from files only: by name below HOME. */
  readonly files: (address: S3Address) => Readonly<Record<string, string>>;
}

/** Deletions at a time, for those that take such a number. */
const IN_FLIGHT = 32;
const EMPTY_CONFIG = "expunge.config.json";
const S3CMD_CONFIG = "s3cmd.config";

const EXPUNGE: Kind = {
  name: "expunge",
  version: expungeVersion,
  command: (bucket, prefix) =>
    words(`node scripts/run.js sweep s3://${bucket}/${prefix} --yes --json`),
  settings: "",
  variables: ({ address }, home) => ({
    EXPUNGE_CONFIG: join(home, EMPTY_CONFIG),
    EXPUNGE_S3_ENDPOINT: address.endpoint,
    EXPUNGE_S3_REGION: address.region,
    EXPUNGE_S3_ACCESS_KEY_ID: address.accessKeyId,
    EXPUNGE_S3_SECRET_ACCESS_KEY: address.secretAccessKey,
  }),
  files: () => ({ [EMPTY_CONFIG]: "{}" }),
};

/**
 * It sends one request per object. Older versions take `--transfers` for how many are sent at a time,
 * newer ones `--checkers`; with `--fast-list` it lists the prefix at once and not directory by directory.
 */
const RCLONE: Kind = {
  name: "rclone",
  version: async (env) =>
    (await firstLineOf(["rclone", "version"], env))?.replace(/^rclone v?/, "") ?? null,
  command: (bucket, prefix) =>
    words(
      `rclone delete bench:${bucket}/${prefix} --fast-list --transfers ${IN_FLIGHT} --checkers ${IN_FLIGHT}`,
    ),
  settings: "",
  variables: ({ address, isOurs }) => ({
    RCLONE_CONFIG_BENCH_TYPE: "s3",
    RCLONE_CONFIG_BENCH_PROVIDER: isOurs ? "Ceph" : "Other",
    RCLONE_CONFIG_BENCH_ENDPOINT: address.endpoint,
    RCLONE_CONFIG_BENCH_REGION: address.region,
    RCLONE_CONFIG_BENCH_ACCESS_KEY_ID: address.accessKeyId,
    RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY: address.secretAccessKey,
    RCLONE_CONFIG_BENCH_FORCE_PATH_STYLE: "true",
  }),
  files: () => ({}),
};

/** It sends batches of 1,000, one after the other. */
const S3CMD: Kind = {
  name: "s3cmd",
  version: async (env) =>
    (await firstLineOf(["s3cmd", "--version"], env))?.replace(/^s3cmd version /, "") ?? null,
  command: (bucket, prefix) =>
    words(`s3cmd del --recursive --force --quiet s3://${bucket}/${prefix}`),
  settings: "",
  variables: (_, home) => ({ S3CMD_CONFIG: join(home, S3CMD_CONFIG) }),
  files: ({ endpoint, region, accessKeyId, secretAccessKey }) => {
    const { protocol, host } = new URL(endpoint);
    return {
      [S3CMD_CONFIG]: [
        "[default]",
        `access_key = ${accessKeyId}`,
        `secret_key = ${secretAccessKey}`,
        `bucket_location = ${region}`,
        `host_base = ${host}`,
        `host_bucket = ${host}`,
        `use_https = ${protocol === "https:" ? "True" : "False"}`,
        "",
      ].join("\n"),
    };
  },
};

/** It sends one request per object, as many at a time as its configuration says (10 by default). */
const AWS: Kind = {
  name: "aws",
  version: async (env) => {
    const said = await firstLineOf(["aws", "--version"], env);
    return said?.replace(/^aws-cli\/(\S+) (\S+).*$/, "$1 on $2") ?? null;
  },
  command: (bucket, prefix) =>
    words(`aws s3 rm --recursive --only-show-errors s3://${bucket}/${prefix}`),
  settings: `s3.max_concurrent_requests = ${IN_FLIGHT}`,
  variables: ({ address }) => ({
    AWS_ENDPOINT_URL: address.endpoint,
    AWS_DEFAULT_REGION: address.region,
    AWS_ACCESS_KEY_ID: address.accessKeyId,
    AWS_SECRET_ACCESS_KEY: address.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: "true",
  }),
  files: () => ({
    ".aws/config": [
      "[default]",
      "s3 =",
      `  max_concurrent_requests = ${IN_FLIGHT}`,
      "  addressing_style = path",
      "",
    ].join("\n"),
  }),
};

/** The first is ours. */
const KINDS: readonly [Kind, ...Kind[]] = [EXPUNGE, RCLONE, S3CMD, AWS];

/** The tools of this machine, in a home directory of their own that is removed at the end. */
export interface Toolbox extends AsyncDisposable {
  readonly ours: Tool;
  readonly others: readonly Tool[];
  /** Names of those that are not installed. */
  readonly missing: readonly string[];
  /** What a command without a tool's secrets is run with. */
  readonly env: Readonly<Record<string, string>>;
}

export async function openToolbox(server: Server): Promise<Toolbox> {
  const home = await mkdtemp(join(tmpdir(), "expunge-bench-"));
  const close = (): Promise<void> => rm(home, { recursive: true, force: true });
  try {
    const env = plainEnv(home);
    const found = await Promise.all(KINDS.map((kind) => toolOf(kind, server, home, env)));
    const [ours, ...others] = found;
    if (!ours) throw new Error("expunge does not run");
    const missing = KINDS.filter((_, i) => found[i] === null).map(({ name }) => name);
    const there = others.filter((tool) => tool !== null);
    return { ours, others: there, missing, env, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** None of a command's words has a space in it. */
function words(command: string): readonly string[] {
  return command.split(" ");
}

/** Nobody's own settings come in: neither variables nor files of the real home directory. */
function plainEnv(home: string): Readonly<Record<string, string>> {
  const path = [dirname(process.execPath), process.env["PATH"]].join(delimiter);
  return { PATH: path, HOME: home, TMPDIR: home };
}

async function toolOf(
  kind: Kind,
  server: Server,
  home: string,
  env: Readonly<Record<string, string>>,
): Promise<Tool | null> {
  const version = await kind.version(env);
  if (version === null) return null;
  for (const [name, text] of Object.entries(kind.files(server.address))) {
    const path = join(home, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, text, { mode: 0o600 });
  }
  const { name, command, settings } = kind;
  return { name, version, command, settings, env: { ...env, ...kind.variables(server, home) } };
}

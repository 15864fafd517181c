import { stat } from "node:fs/promises";
import { dirname, relative, resolve, sep } from "node:path";
import { type Config, type ConfigOptions, loadConfig, type StoreConfig } from "../config.ts";
import { ExpungeError } from "../core/errors.ts";
import { INTERNAL_PREFIX } from "../core/keys.ts";

/** A store, and the keys in it that are meant. */
export interface SweepTarget {
  readonly store: StoreConfig;
  /** How the store is called: a directory, or `s3://BUCKET`. */
  readonly root: string;
  readonly prefix: string;
}

export interface TargetOptions {
  readonly configOptions: ConfigOptions & { readonly cwd: string };
  readonly root?: string | undefined;
}

/** Reads `s3://BUCKET/PREFIX/` or `file:DIR/PREFIX/`. @throws ExpungeError `invalid-request`, `invalid-config` */
export async function findTarget(url: string, options: TargetOptions): Promise<SweepTarget> {
  if (url.startsWith("s3:")) return await bucketTarget(url, options);
  const text = /^file:(?:\/\/(?=\/))?(.+)$/s.exec(url)?.[1];
  if (text !== undefined) return await directoryTarget(text, options);
  throw new ExpungeError(
    "invalid-request",
    `'${url}' is no store; write s3://BUCKET/PREFIX/ or file:DIR/PREFIX/.`,
  );
}

/** Endpoint, region and keys are those of the configuration; the bucket is the URL's. */
async function bucketTarget(url: string, options: TargetOptions): Promise<SweepTarget> {
  const [, bucket, prefix = ""] = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(url) ?? [];
  if (bucket === undefined) {
    throw new ExpungeError(
      "invalid-request",
      `'${url}' names no bucket; write s3://BUCKET/PREFIX/.`,
    );
  }
  if (options.root !== undefined) {
    throw new ExpungeError(
      "invalid-request",
      "--root is for directories; leave it out with s3://.",
    );
  }
  const overrides = { EXPUNGE_STORE: `s3://${bucket}` };
  const { store } = await loadConfig({ ...options.configOptions, overrides });
  return { store, root: `s3://${bucket}`, prefix };
}

/**
 * Where the store begins matters for what lies in `.expunge/` there, so it is the nearest directory
 * above that has one, else the configured store, else the prefix is taken to be the last segment.
 */
async function directoryTarget(
  text: string,
  { configOptions, root: given }: TargetOptions,
): Promise<SweepTarget> {
  const { cwd } = configOptions;
  const path = resolve(cwd, text);
  const root =
    given === undefined
      ? await rootAbove(path, await loadConfig(configOptions))
      : resolve(cwd, given);
  if (!isAtOrBelow(path, root)) {
    throw new ExpungeError("invalid-request", `${path} does not lie below ${root}.`);
  }
  if (!(await isDirectory(root))) {
    throw new ExpungeError("invalid-request", `There is no directory ${root}.`);
  }
  const below = relative(root, path).split(sep).join("/");
  const prefix = below !== "" && text.endsWith("/") ? `${below}/` : below;
  return { store: { kind: "file", dir: root }, root, prefix };
}

async function rootAbove(path: string, { store }: Config): Promise<string> {
  for (let dir = path; ; dir = dirname(dir)) {
    if (await isDirectory(resolve(dir, INTERNAL_PREFIX))) return dir;
    if (dirname(dir) === dir) break;
  }
  return store.kind === "file" && isAtOrBelow(path, store.dir) ? store.dir : dirname(path);
}

function isAtOrBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

import { stat } from "node:fs/promises";
import { dirname, relative, resolve, sep } from "node:path";
import type { Config } from "../config.ts";
import { ExpungeError } from "../core/errors.ts";
import { INTERNAL_PREFIX } from "../core/keys.ts";

/** A store's directory, and the keys in it that are meant. */
export interface SweepTarget {
  readonly root: string;
  readonly prefix: string;
}

/**
 * Reads `file:DIR/PREFIX/`. Where the store begins matters for what lies in `.expunge/` there, so it is
 * the nearest directory above that has one, else the configured store, else the prefix is taken to be
 * the last segment.
 * @throws ExpungeError `invalid-request`
 */
export async function findTarget(
  url: string,
  options: { readonly cwd: string; readonly config: Config; readonly root?: string | undefined },
): Promise<SweepTarget> {
  if (url.startsWith("s3:")) {
    throw new ExpungeError(
      "invalid-config",
      "S3 and R2 stores are not part of this version yet: sweep of s3:// comes with the S3 adapter.",
    );
  }
  const text = /^file:(?:\/\/(?=\/))?(.+)$/s.exec(url)?.[1];
  if (text === undefined) {
    throw new ExpungeError("invalid-request", `'${url}' is no store; write file:DIR/PREFIX/.`);
  }
  const path = resolve(options.cwd, text);
  const root =
    options.root === undefined
      ? await rootAbove(path, options.config)
      : resolve(options.cwd, options.root);
  if (!isAtOrBelow(path, root)) {
    throw new ExpungeError("invalid-request", `${path} does not lie below ${root}.`);
  }
  if (!(await isDirectory(root))) {
    throw new ExpungeError("invalid-request", `There is no directory ${root}.`);
  }
  const below = relative(root, path).split(sep).join("/");
  return { root, prefix: below !== "" && text.endsWith("/") ? `${below}/` : below };
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

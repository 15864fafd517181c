import { randomBytes } from "node:crypto";
import { chmod, link, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { toBase64Url } from "../core/encoding.ts";
import { ExpungeError, messageOf } from "../core/errors.ts";
import type { Log } from "../ports/log.ts";

const OWNER_ONLY = 0o600;
const OWNER_ONLY_DIR = 0o700;
const OTHERS = 0o077;

const TOKEN_PREFIX = "xp_admin_";
const TOKEN_RANDOM_BYTES = 32;

/** File systems without hard links answer the link with one of these. */
const NO_LINKS: ReadonlySet<string> = new Set([
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EINVAL",
]);

/**
 * Reads the admin token, or makes it: 256 random bits behind a prefix that scanners for leaked secrets
 * can recognise. Processes that start together get the same one.
 * @throws ExpungeError `data-dir-unusable` or `invalid-config`
 */
export async function openAdminToken(options: {
  readonly path: string;
  readonly log: Log;
}): Promise<string> {
  const { path, log } = options;
  const existing = await readSecretFile(path, log);
  if (existing === null) {
    const token = TOKEN_PREFIX + toBase64Url(randomBytes(TOKEN_RANDOM_BYTES));
    await createSecretFile(path, `${token}\n`);
  }
  const token = (existing ?? (await readSecretFile(path, log)) ?? "").trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new ExpungeError(
    "invalid-config",
    `The admin token in ${path} is empty or has characters that no header can carry; remove the file and expunge makes a new one.`,
  );
}

/**
 * The text of a secret file, or null where there is none. What others can read is closed to them; where
 * that is not possible (a mounted secret) the log says so, since refusing would stop most containers.
 * @throws ExpungeError `invalid-config`
 */
export async function readSecretFile(path: string, log: Log): Promise<string | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw new ExpungeError("invalid-config", `${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  await closeToOthers(path, log);
  return text;
}

/**
 * Writes a file that only its owner may read, whole or not at all: never an empty or half a secret
 * after a crash. Answers false, and changes nothing, where the file is there already.
 * @throws ExpungeError `data-dir-unusable`
 */
export async function createSecretFile(path: string, text: string): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: OWNER_ONLY_DIR });
    const made = await writeAndClaim(path, text);
    await syncDirectory(dirname(path));
    return made;
  } catch (error) {
    throw new ExpungeError("data-dir-unusable", `${path} cannot be made: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function writeAndClaim(path: string, text: string): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await writeDurably(temporary, text);
    return await claimName(temporary, path);
  } finally {
    // Also after a failure: a full disk must not keep half a secret under another name.
    await rm(temporary, { force: true });
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", OWNER_ONLY);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A link, unlike a rename, does not replace the secret of a process that was faster. */
async function claimName(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    if (!NO_LINKS.has(codeOf(error))) throw error;
    await rename(temporary, path);
  }
  return true;
}

async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory, and needs no sync of it.
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function closeToOthers(path: string, log: Log): Promise<void> {
  if (process.platform === "win32") return;
  const mode = (await stat(path)).mode & 0o777;
  if ((mode & OTHERS) === 0) return;
  const facts = { secretFile: path, modeBefore: `0${mode.toString(8)}` };
  try {
    await chmod(path, OWNER_ONLY);
    log.warn(facts, "a secret was readable by others and is closed to them now");
  } catch (error) {
    log.warn({ ...facts, error }, "a secret is readable by others, and its mode cannot be changed");
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

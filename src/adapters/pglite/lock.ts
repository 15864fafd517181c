import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type * as Sqlite from "node:sqlite";
import { ExpungeError } from "../../core/errors.ts";

const FILE = "lock.sqlite";
const SQLITE_BUSY = 5;

/**
 * Takes a directory for this process: two that open one database lose acknowledged rows. The lock is
 * an exclusive transaction on a small SQLite file beside the data: the kernel ends it with the
 * process, however that dies, so nothing stale is ever left. Nobody may open and close that file in
 * this process by other means: POSIX would drop the lock with it.
 * @throws ExpungeError `data-dir-locked`, `data-dir-unusable`
 */
export function lockDirectory(dir: string): { release(): void } {
  try {
    mkdirSync(dir, { recursive: true });
    const { DatabaseSync } = loadSqlite();
    const database = new DatabaseSync(join(dir, FILE), { timeout: 0 });
    try {
      database.exec("begin exclusive");
    } catch (error) {
      database.close();
      throw error;
    }
    return { release: () => database.close() };
  } catch (cause) {
    if (isBusy(cause)) {
      throw new ExpungeError(
        "data-dir-locked",
        `Another process of expunge works on the directory ${dir}.`,
        { cause, details: { dir } },
      );
    }
    throw new ExpungeError("data-dir-unusable", `The directory ${dir} cannot be used.`, {
      cause,
      details: { dir },
    });
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
}

/**
 * Some versions of Node warn when `node:sqlite` is loaded. That one line is left out, and no other:
 * loading is synchronous, so nothing else can warn meanwhile.
 */
function loadSqlite(): typeof Sqlite {
  // oxlint-disable-next-line typescript/unbound-method -- only ever applied to `process`
  const emitWarning = process.emitWarning;
  const quiet = (...args: Parameters<typeof emitWarning>): void => {
    const [warning] = args;
    const text = typeof warning === "string" ? warning : warning.message;
    if (!text.startsWith("SQLite is an experimental feature")) emitWarning.apply(process, args);
  };
  process.emitWarning = quiet as typeof emitWarning;
  try {
    return process.getBuiltinModule("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}

import { StoreError, type StoreErrorClass, type StoreErrorCode } from "../../core/store-errors.ts";

type Meaning = readonly [code: StoreErrorCode, errorClass: StoreErrorClass, message: string];

const FULL = "There is no space left on the device, or the quota is used up";
const BUSY = "The system has no resources for another operation at this moment";
const GONE = "The device does not answer";
const OTHER_KIND = "A file stands where this key needs a directory, or a directory where a file";

/** What the system's errors mean to a caller: the one table of this adapter. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  EACCES: [
    "access-denied",
    "blocked",
    "The rights of the file or of its directory do not allow it",
  ],
  EPERM: [
    "access-denied",
    "blocked",
    "The file system forbids it: an immutable attribute, or the directory's rights",
  ],
  EROFS: ["read-only", "blocked", "The file system is read-only"],
  ENOSPC: ["io-error", "retryable", FULL],
  EDQUOT: ["io-error", "retryable", FULL],
  EIO: ["io-error", "retryable", "The device failed"],
  EMFILE: ["throttled", "retryable", BUSY],
  ENFILE: ["throttled", "retryable", BUSY],
  ENOMEM: ["throttled", "retryable", BUSY],
  EAGAIN: ["throttled", "retryable", BUSY],
  EBUSY: ["throttled", "retryable", "The file is in use"],
  ETIMEDOUT: ["timeout", "retryable", GONE],
  ESTALE: ["store-unavailable", "retryable", GONE],
  ENODEV: ["store-unavailable", "retryable", GONE],
  ENXIO: ["store-unavailable", "retryable", GONE],
  ENOENT: ["store-unavailable", "retryable", "A directory of the store is missing"],
  ENAMETOOLONG: ["invalid-key", "permanent", "The path is longer than the file system allows"],
  EILSEQ: ["invalid-key", "permanent", "The file system cannot hold this name"],
  EINVAL: ["invalid-key", "permanent", "The file system cannot hold this name"],
  ENOTDIR: ["key-conflict", "blocked", OTHER_KIND],
  EISDIR: ["key-conflict", "blocked", OTHER_KIND],
  EEXIST: ["key-conflict", "blocked", OTHER_KIND],
  ENOTEMPTY: ["key-conflict", "blocked", OTHER_KIND],
  ELOOP: ["bad-request", "blocked", "This is a symbolic link, which is never followed"],
  EXDEV: ["not-supported", "permanent", "The store extends over more than one file system"],
};

/** The system's code of an error (`ENOENT`), or an empty text. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

export function hasErrno(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes(errnoOf(error));
}

/** A failure that is not the file system's, whatever code it has: a body's, that the caller gave. */
export class ForeignFailure extends Error {
  override readonly name = "ForeignFailure" as const;

  constructor(cause: unknown) {
    super("what the caller gave has failed", { cause });
  }
}

/**
 * What a failure of the file system means. Neither the message nor the cause names a path: they come
 * into logs and records, and paths of files do not belong there (R7). Anything else is rethrown.
 */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  if (error instanceof ForeignFailure) throw error.cause;
  const errno = errnoOf(error);
  if (!/^E[A-Z0-9]+$/.test(errno)) throw error;
  const call = error instanceof Error && "syscall" in error ? String(error.syscall) : "a call";
  const [code, errorClass, message] = MEANINGS[errno] ?? [
    "io-error",
    "unknown",
    "The file system failed in a way that is not known here",
  ];
  const cause = new Error(`${errno} in ${call}`);
  return new StoreError(code, errorClass, `${message} (${errno}).`, { cause });
}

/** Runs a call of the store so that it fails with nothing but what `toStoreError` makes. */
export async function asStoreCall<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toStoreError(error);
  }
}

import { sha256 } from "@noble/hashes/sha2.js";
import type { Caller } from "../core/caller.ts";
import { utf8 } from "../core/encoding.ts";
import { ExpungeError, isExpungeError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { canonicalBytes } from "../core/statement.ts";
import type { Idempotent, NewIdempotent } from "../ports/metadata/index.ts";
import type { Context } from "./context.ts";

/** What was made, and whether an earlier request of the same key had made it. */
export interface Once<T> {
  readonly made: T;
  readonly replayed: boolean;
}

export interface Creation<T> {
  /** What is asked for: a repeat must ask for the same. */
  readonly request: unknown;
  /** Makes it, with the record in the same transaction. */
  readonly make: (record: NewIdempotent | undefined) => Promise<T>;
  /** What the earlier request made, as it stands now. */
  readonly again: (found: Idempotent) => Promise<T>;
}

/**
 * Makes something once, however often it is asked for with the same key within
 * `LIMITS.idempotencyValidMs`, also by requests at the same time. Without a key it is made each time.
 * @throws ExpungeError `idempotency-key-reused` when the key was used for another request
 */
export async function makeOnce<T>(
  { metadata }: Context,
  caller: Caller,
  key: string | undefined,
  creation: Creation<T>,
): Promise<Once<T>> {
  if (key === undefined) return { made: await creation.make(undefined), replayed: false };
  const { subject } = caller;
  const keyHash = sha256(utf8(key));
  const fingerprint = sha256(canonicalBytes(creation.request));
  const validForMs = LIMITS.idempotencyValidMs;
  const replay = async (): Promise<Once<T> | null> => {
    const found = await metadata.findIdempotent(subject, keyHash, validForMs);
    if (!found) return null;
    if (found.fingerprint.some((byte, at) => byte !== fingerprint[at])) throw usedForAnother();
    return { made: await creation.again(found), replayed: true };
  };
  const earlier = await replay();
  if (earlier) return earlier;
  try {
    const made = await creation.make({ subject, keyHash, fingerprint, validForMs });
    return { made, replayed: false };
  } catch (error) {
    if (!isExpungeError(error, "idempotency-key-reused")) throw error;
    // Another request with the key came first, between the look and the transaction.
    const meanwhile = await replay();
    if (meanwhile) return meanwhile;
    throw error;
  }
}

function usedForAnother(): ExpungeError {
  return new ExpungeError(
    "idempotency-key-reused",
    "The Idempotency-Key was used for another request.",
  );
}

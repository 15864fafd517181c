import { messageOf } from "../../core/errors.ts";
import { StoreError, type StoreErrorClass, type StoreErrorCode } from "../../core/store-errors.ts";

/**
 * What R2 says by the number at the end of its messages.
 * https://developers.cloudflare.com/r2/api/error-codes/
 */
const CODES: Readonly<Record<number, readonly [StoreErrorCode, StoreErrorClass]>> = {
  10001: ["store-unavailable", "retryable"],
  10002: ["invalid-credentials", "blocked"],
  10003: ["access-denied", "blocked"],
  10006: ["no-such-bucket", "blocked"],
  10007: ["no-such-key", "permanent"],
  10011: ["invalid-part", "permanent"],
  10020: ["invalid-key", "permanent"],
  10024: ["no-such-upload", "permanent"],
  10025: ["invalid-part", "permanent"],
  10029: ["bad-request", "permanent"],
  10039: ["invalid-range", "permanent"],
  10043: ["store-unavailable", "retryable"],
  10048: ["invalid-part", "permanent"],
  10058: ["throttled", "retryable"],
  10069: ["object-locked", "blocked"],
};

/**
 * A failure of the binding as the port knows it. One that has no known number is passing at best: nothing
 * is concluded from it, but the call may be made again.
 */
export function storeErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const message = messageOf(error);
  const [, number = ""] = /\((\d+)\)\s*$/.exec(message) ?? [];
  const [code, errorClass] = CODES[Number(number)] ?? ["store-unavailable", "retryable"];
  return new StoreError(code, errorClass, message, { cause: error });
}

/** @throws StoreError, and the signal's reason where it is aborted before the call or during it */
export async function asked<T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  try {
    const answer = await call();
    signal?.throwIfAborted();
    return answer;
  } catch (error) {
    signal?.throwIfAborted();
    throw storeErrorOf(error);
  }
}

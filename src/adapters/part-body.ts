import type { PartBody } from "../ports/object-store.ts";
import { invalidPart } from "./object-store-checks.ts";

/**
 * The pieces of a part, as far as they keep to the size that was announced. A failure of the body
 * itself passes through as it is; an abort ends the reading also where the body hangs.
 * @throws StoreError `invalid-part` where the size differs, as soon as that is sure
 */
export async function* piecesOf(part: PartBody): AsyncGenerator<Uint8Array> {
  const { body, sizeBytes, signal } = part;
  let left = sizeBytes;
  for await (const piece of signal ? untilAborted(body, signal) : body) {
    left -= piece.length;
    if (left < 0) throw invalidPart(`The part has more than the ${sizeBytes} bytes announced.`);
    if (piece.length > 0) yield piece;
  }
  if (left > 0) {
    throw invalidPart(`The part has ${sizeBytes - left} bytes and not the ${sizeBytes} announced.`);
  }
}

async function* untilAborted(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  // Without a handler of its own, an abort after the last piece would be an unhandled rejection.
  aborted.catch(() => undefined);
  const abort = (): void => {
    const reason: unknown = signal.reason;
    reject(reason instanceof Error ? reason : new Error("aborted", { cause: reason }));
  };
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  let isOver = false;
  try {
    for (;;) {
      const next: IteratorResult<Uint8Array, unknown> = await Promise.race([
        aborted,
        pieces.next(),
      ]);
      isOver = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    // Not awaited: a body that hangs would hang here as well.
    if (!isOver) void letGo(pieces);
  }
}

/** What the body says to being let go changes nothing: the failure that counts is on its way. */
async function letGo(pieces: AsyncIterator<Uint8Array>): Promise<void> {
  try {
    await pieces.return?.();
  } catch {
    // The reading has ended already.
  }
}

import { UntilAborted } from "../core/until-aborted.ts";
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
  const until = new UntilAborted(signal);
  let isOver = false;
  try {
    for (;;) {
      const next: IteratorResult<Uint8Array, unknown> = await until.wait(pieces.next());
      isOver = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    until.end();
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

import { ExpungeError } from "../core/errors.ts";
import type { ByteRange } from "../ports/object-store.ts";

const SINGLE = /^bytes=\s*(\d*)-(\d*)\s*$/i;

/**
 * The byte range that a `Range` header asks for, or null where the whole file is to be sent: also for
 * several ranges, other units and what cannot be read (RFC 9110 section 14.2 allows to ignore them).
 * @throws ExpungeError `range-not-satisfiable`
 */
export function rangeOf(header: string | undefined, sizeBytes: number): ByteRange | null {
  const match = header === undefined ? null : SINGLE.exec(header);
  if (!match) return null;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return null;
  if (first === "") {
    const suffix = Number(last);
    if (suffix === 0 || sizeBytes === 0) throw notSatisfiable(sizeBytes);
    return { start: Math.max(0, sizeBytes - suffix), end: sizeBytes - 1 };
  }
  const start = Number(first);
  const end = last === "" ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  // `bytes=5-2` is no range at all, and so is passed over.
  if (last !== "" && Number(last) < start) return null;
  if (start >= sizeBytes) throw notSatisfiable(sizeBytes);
  return { start, end };
}

function notSatisfiable(sizeBytes: number): ExpungeError {
  return new ExpungeError(
    "range-not-satisfiable",
    `The range begins beyond the file's ${sizeBytes} bytes.`,
    { details: { sizeBytes } },
  );
}

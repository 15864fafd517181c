import { createHash } from "node:crypto";
import type { ObjectHead, Part } from "../../ports/object-store.ts";
import type { Context } from "../context.ts";
import { etagOf } from "../etag.ts";

/** Whether a copy is the same as its source, byte for byte, and how that was found out. */
export interface Proof {
  /** `changed`: the source is another object by now than was to be copied. */
  readonly result: "equal" | "unequal" | "changed";
  /** Lower-case hex, where the bytes were read. */
  readonly sha256: string | null;
  readonly readBytes: number;
}

/** The source as it was seen before it was copied, and the parts of the copy. */
export interface Copied {
  readonly source: ObjectHead;
  readonly copyKey: string;
  readonly parts: readonly Part[];
}

const MD5 = /^[0-9a-f]{32}$/;

/**
 * Proves a copy. Where source and copy are one part each, and the store calls both by one MD5, that is
 * proof enough: then the part was made of the very bytes that the source had. Else both are read.
 */
export async function proveCopy(
  context: Pick<Context, "store">,
  { source, copyKey, parts }: Copied,
  signal: AbortSignal,
): Promise<Proof> {
  const [first, second] = parts;
  const etag = etagOf(source);
  const isOnePart = first !== undefined && second === undefined;
  if (isOnePart && MD5.test(etag) && etagOf(first) === etag) {
    return { result: "equal", sha256: null, readBytes: 0 };
  }
  const original = await readWhole(context, source.key, signal);
  if (original.etag !== etag) {
    return { result: "changed", sha256: null, readBytes: original.readBytes };
  }
  const copy = await readWhole(context, copyKey, signal);
  const isEqual = copy.sha256 === original.sha256 && copy.readBytes === source.sizeBytes;
  return {
    result: isEqual ? "equal" : "unequal",
    sha256: original.sha256,
    readBytes: original.readBytes + copy.readBytes,
  };
}

async function readWhole(
  { store }: Pick<Context, "store">,
  key: string,
  signal: AbortSignal,
): Promise<{ readonly etag: string; readonly sha256: string; readonly readBytes: number }> {
  const object = await store.get(key, undefined, signal);
  const hash = createHash("sha256");
  let readBytes = 0;
  for await (const chunk of object.body) {
    hash.update(chunk);
    readBytes += chunk.length;
  }
  return { etag: etagOf(object), sha256: hash.digest("hex"), readBytes };
}

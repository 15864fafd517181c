import { z } from "zod";
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../core/encoding.ts";
import { ExpungeError } from "../core/errors.ts";

/**
 * Cursors are opaque to callers: base64url of JSON that names the list they belong to and where its
 * next page begins. A list is its kind with its filters, so that a cursor never continues another one.
 */
export type ListName = readonly (string | undefined)[];

export function encodeCursor(list: ListName, next: string | null): string | null {
  return next === null ? null : toBase64Url(utf8(JSON.stringify([nameOf(list), next])));
}

/** Where the page begins, as a piece of a query. @throws ExpungeError `invalid-cursor` */
export function decodeCursor(list: ListName, cursor: string | undefined): { after?: string } {
  if (cursor === undefined) return {};
  const parsed = parse(cursor);
  if (parsed?.name !== nameOf(list)) {
    throw new ExpungeError("invalid-cursor", "The cursor is damaged or belongs to another list.");
  }
  return { after: parsed.after };
}

const cursorSchema = z.tuple([z.string(), z.string()]);

function parse(cursor: string): { readonly name: string; readonly after: string } | null {
  try {
    const value: unknown = JSON.parse(fromUtf8(fromBase64Url(cursor)));
    const [name, after] = cursorSchema.parse(value);
    return { name, after };
  } catch {
    return null;
  }
}

function nameOf(list: ListName): string {
  return JSON.stringify(list.map((part) => part ?? null));
}

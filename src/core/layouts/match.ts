import { isProjectId, isUid, UID_LENGTH } from "../ids.ts";
import { itemAt } from "../item-at.ts";
import { isInternalKey } from "../keys.ts";
import { CANONICAL_LAYOUT, CANONICAL_NAME, type Layout, type SlotSegment } from "./template.ts";

/** To whom a key belongs, and by which layout. */
export type Explanation =
  | { readonly layout: typeof CANONICAL_NAME; readonly projectUid: string }
  | { readonly layout: string; readonly projectId: string };

/**
 * The id (in the canonical layout: the uid) of the project to which a layout gives a key, or null. It
 * is the only one: what would leave room for two is refused when layouts are loaded. No layout matches
 * what lies below `.expunge/`.
 */
export function matchLayout(layout: Layout, key: string): string | null {
  if (isInternalKey(key)) return null;
  const texts = key.split("/");
  const { length } = layout.segments;
  if (layout.rest ? texts.length <= length : texts.length !== length) return null;
  for (const [i, segment] of layout.segments.entries()) {
    if (segment.kind === "literal" && segment.text !== texts[i]) return null;
  }
  return matchSlot(layout, layout.slot, itemAt(texts, layout.slotAt));
}

function matchSlot(layout: Layout, slot: SlotSegment, text: string): string | null {
  if (!text.startsWith(slot.before)) return null;
  const body = text.slice(slot.before.length);
  const { ids } = layout;
  const longest = ids === "uid" ? UID_LENGTH : ids.prefix.length + ids.maxLength;
  const shortest = ids === "uid" ? UID_LENGTH : ids.prefix.length + ids.minLength;
  for (let length = Math.min(longest, body.length); length >= shortest; length--) {
    if (!matchPieces(slot.after, body.slice(length))) continue;
    const id = body.slice(0, length);
    if (ids === "uid" ? isUid(id) : isProjectId(ids, id)) return id;
  }
  return null;
}

/**
 * Whether a text consists of the pieces in their order with anything between them. Taking each piece
 * at its first place is enough and keeps it linear: no pattern can make it slow.
 */
function matchPieces(pieces: readonly string[], text: string): boolean {
  const first = itemAt(pieces, 0);
  if (pieces.length === 1) return text === first;
  const last = itemAt(pieces, pieces.length - 1);
  if (text.length < first.length + last.length) return false;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

/** Whether a project's keys can be listed without going through those of others. */
export function hasListingPrefix(layout: Layout): boolean {
  return layout.segments.slice(0, layout.slotAt).every(({ kind }) => kind === "literal");
}

/**
 * The longest text with which every key of the project begins. Without a listing prefix of its own
 * (`hasListingPrefix`) it is what stands before the first `*`, possibly nothing. What a listing of it
 * shows must still be matched: the prefix of `{project}.zip` is also that of `p1.zip.bak`.
 */
export function listingPrefix(layout: Layout, id: string): string {
  let prefix = "";
  for (const [i, segment] of layout.segments.entries()) {
    if (i > 0) prefix += "/";
    if (segment.kind === "any") return prefix;
    if (segment.kind === "literal") prefix += segment.text;
    else {
      prefix += segment.before + id + itemAt(segment.after, 0);
      if (segment.after.length > 1) return prefix;
    }
  }
  return layout.rest ? `${prefix}/` : prefix;
}

/** To whom a key belongs: by the canonical layout, by a declared one, or null where none matches. */
export function explainKey(
  set: { readonly layouts: readonly Layout[] },
  key: string,
): Explanation | null {
  const projectUid = matchLayout(CANONICAL_LAYOUT, key);
  if (projectUid !== null) return { layout: CANONICAL_NAME, projectUid };
  for (const layout of set.layouts) {
    const projectId = matchLayout(layout, key);
    if (projectId !== null) return { layout: layout.name, projectId };
  }
  return null;
}

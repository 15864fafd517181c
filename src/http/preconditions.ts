import type { IncomingHttpHeaders } from "node:http";
import { ExpungeError } from "../core/errors.ts";
import type { FileRow } from "../core/model.ts";
import type { FilePrecondition } from "../ports/metadata/index.ts";

/** As it stands in a header: quoted, and strong, for every write changes it. */
export function quoteEtag(etag: string): string {
  return `"${etag.replaceAll('"', "")}"`;
}

interface EntityTag {
  readonly etag: string;
  readonly weak: boolean;
}

/** `*`, or the entity tags of the header (RFC 9110 section 8.8.3); null where it is absent. */
function entityTags(header: string | undefined, name: string): "*" | readonly EntityTag[] | null {
  if (header === undefined) return null;
  if (header.trim() === "*") return "*";
  const tags: EntityTag[] = [];
  let rest = header.trim();
  while (rest !== "") {
    const match = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,\s*|$)/.exec(rest);
    if (!match) {
      throw new ExpungeError("invalid-request", `The header ${name} has no list of quoted ETags.`);
    }
    tags.push({ etag: match[2] ?? "", weak: match[1] !== undefined });
    rest = rest.slice(match[0].length);
  }
  return tags;
}

/**
 * Evaluates what a read demands, in the order of RFC 9110 section 13.2.2: whether the file is to be
 * sent, or is what the caller has already.
 * @throws ExpungeError `precondition-failed`
 */
export function isUnchanged(headers: IncomingHttpHeaders, file: FileRow): boolean {
  const modifiedSeconds = Math.floor(file.updatedAt / 1000);
  const ifMatch = entityTags(headers["if-match"], "If-Match");
  const ifNoneMatch = entityTags(headers["if-none-match"], "If-None-Match");
  if (ifMatch !== null) {
    if (!matches(ifMatch, file, "strong")) throw failed();
  } else {
    const since = secondsOf(headers["if-unmodified-since"]);
    if (since !== null && modifiedSeconds > since) throw failed();
  }
  if (ifNoneMatch !== null) return matches(ifNoneMatch, file, "weak");
  const since = secondsOf(headers["if-modified-since"]);
  return since !== null && modifiedSeconds <= since;
}

/** Whether `Range` counts: without `If-Range`, or when it names the file's very ETag. */
export function rangeApplies(headers: IncomingHttpHeaders, file: FileRow): boolean {
  const ifRange = headers["if-range"];
  return typeof ifRange !== "string" || ifRange.trim() === quoteEtag(file.etag);
}

function matches(
  tags: "*" | readonly EntityTag[],
  file: FileRow,
  comparison: "strong" | "weak",
): boolean {
  if (tags === "*") return true;
  return tags.some(({ etag, weak }) => etag === file.etag && (comparison === "weak" || !weak));
}

function secondsOf(header: string | undefined): number | null {
  const ms = header === undefined ? Number.NaN : Date.parse(header);
  return Number.isNaN(ms) ? null : Math.floor(ms / 1000);
}

/**
 * What a write demands of the file that is there, as the database can check it in the transaction that
 * writes: one ETag, or that there is none. `If-Match: *` and a list of ETags are brought to the one
 * that the file has now; should it change until then, the write is refused all the same.
 * @param current reads the file that is there, or null
 * @throws ExpungeError `precondition-failed`, `invalid-request`
 */
export async function writePrecondition(
  headers: IncomingHttpHeaders,
  current: () => Promise<FileRow | null>,
): Promise<{ precondition?: FilePrecondition }> {
  const ifMatch = entityTags(headers["if-match"], "If-Match");
  const ifNoneMatch = entityTags(headers["if-none-match"], "If-None-Match");
  if (ifNoneMatch !== null && ifNoneMatch !== "*") {
    throw new ExpungeError("invalid-request", "A write takes 'If-None-Match: *' and no ETags.");
  }
  const noneMatch = ifNoneMatch === null ? {} : { ifNoneMatch: "*" as const };
  if (ifMatch === null) return ifNoneMatch === null ? {} : { precondition: noneMatch };
  const [only] = ifMatch === "*" ? [] : ifMatch;
  if (only && ifMatch.length === 1 && !only.weak) {
    return { precondition: { ifMatch: only.etag, ...noneMatch } };
  }
  const file = await current();
  if (!file || !matches(ifMatch, file, "strong")) throw failed();
  return { precondition: { ifMatch: file.etag, ...noneMatch } };
}

function failed(): ExpungeError {
  return new ExpungeError("precondition-failed", "The file is not the one that was expected.");
}

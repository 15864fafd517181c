import type { ListingFault } from "../../wire/fault.ts";
import type { Operation } from "../../wire/operations.ts";
import type { Reply } from "../../wire/reply.ts";

/** How a listing of each kind names its parts. */
interface Names {
  readonly limit: string;
  /** Elements that say where to go on, each with the parameter that takes it. */
  readonly next: readonly (readonly [element: string, parameter: string])[];
  readonly entry: (key: string) => string;
}

const AT = "<LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>1</Size>";

const NAMES: Readonly<Partial<Record<Operation, Names>>> = {
  ListObjectsV2: {
    limit: "max-keys",
    next: [["NextContinuationToken", "continuation-token"]],
    entry: (key) => `<Contents><Key>${key}</Key>${AT}</Contents>`,
  },
  ListObjectVersions: {
    limit: "max-keys",
    next: [
      ["NextKeyMarker", "key-marker"],
      ["NextVersionIdMarker", "version-id-marker"],
    ],
    entry: (key) => `<Version><Key>${key}</Key><VersionId>v</VersionId>${AT}</Version>`,
  },
  ListMultipartUploads: {
    limit: "max-uploads",
    next: [
      ["NextKeyMarker", "key-marker"],
      ["NextUploadIdMarker", "upload-id-marker"],
    ],
    entry: (key) =>
      `<Upload><Key>${key}</Key><UploadId>u</UploadId><Initiated>2026-01-01T00:00:00.000Z</Initiated></Upload>`,
  },
  ListParts: {
    limit: "max-parts",
    next: [["NextPartNumberMarker", "part-number-marker"]],
    entry: () => "",
  },
};

const PAGE_MAX = 1000;

/** Tokens of empty pages, each with the query of the page that comes behind it. */
export class EmptyPages {
  readonly #queries = new Map<string, string>();

  /** The query that is meant where its token is one of ours. */
  meant(rawQuery: string): string | null {
    const token = new URLSearchParams(rawQuery).get("continuation-token") ?? "";
    return this.#queries.get(token) ?? null;
  }

  /** A page without entries; its token leads to what was asked for. */
  page(rawQuery: string, reply: Reply): Reply {
    const token = `empty-${this.#queries.size + 1}`;
    this.#queries.set(token, this.meant(rawQuery) ?? rawQuery);
    return editedText(reply, (text) => {
      const without = text.replaceAll(/<Contents>.*?<\/Contents>/gs, "");
      const counted = withElement(without, "KeyCount", "0");
      const truncated = withElement(counted, "IsTruncated", "true");
      return withElement(truncated, "NextContinuationToken", token);
    });
  }
}

/** The query of a page that is as short as the fault wants it. */
export function queryOf(operation: Operation, rawQuery: string, fault: ListingFault): string {
  const limit = NAMES[operation]?.limit;
  if (limit === undefined || fault.entriesMax === undefined) return rawQuery;
  const asked = Number(new URLSearchParams(rawQuery).get(limit) ?? PAGE_MAX);
  const pairs = rawQuery.split("&").filter((pair) => !pair.startsWith(`${limit}=`));
  return [...pairs, `${limit}=${Math.min(asked, fault.entriesMax)}`].join("&");
}

/** What the fault makes of a good page. */
export function listingWithFault(
  operation: Operation,
  rawQuery: string,
  fault: ListingFault,
  reply: Reply,
): Reply {
  const names = NAMES[operation];
  if (names === undefined) return reply;
  return editedText(reply, (page) => {
    let text = page;
    if (fault.foreignKey !== undefined) {
      text = inserted(text, names.entry(fault.foreignKey));
      const count = /<KeyCount>(\d+)</.exec(text)?.[1];
      if (count !== undefined) text = withElement(text, "KeyCount", String(Number(count) + 1));
    }
    if (fault.withoutToken) {
      for (const [element] of names.next) text = withElement(text, element, null);
      return withElement(text, "IsTruncated", "true");
    }
    return fault.repeatsToken ? repeated(text, names, rawQuery) : text;
  });
}

/** The place that the page was asked for from; of a first page there is none to repeat. */
function repeated(text: string, { next }: Names, rawQuery: string): string {
  const query = new URLSearchParams(rawQuery);
  if (!next.some(([, parameter]) => query.has(parameter))) return text;
  let result = withElement(text, "IsTruncated", "true");
  for (const [element, parameter] of next) {
    result = withElement(result, element, query.get(parameter));
  }
  return result;
}

function editedText(reply: Reply, edit: (text: string) => string): Reply {
  return { ...reply, body: Buffer.from(edit(Buffer.from(reply.body).toString())) };
}

/** The document with one element of this name below its root, or with none. */
function withElement(text: string, name: string, value: string | null): string {
  const without = text.replaceAll(new RegExp(`<${name}>[^<]*</${name}>|<${name}/>`, "g"), "");
  return value === null ? without : inserted(without, `<${name}>${escaped(value)}</${name}>`);
}

function inserted(text: string, element: string): string {
  return text.replace(/<\/\w+>\s*$/, (end) => `${element}${end}`);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

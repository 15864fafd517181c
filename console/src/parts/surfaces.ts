/** A surface in words for people who do not know the store. */
export function surfaceName(surface: string): string {
  if (surface.startsWith("legacy:")) return `Older place "${surface.slice("legacy:".length)}"`;
  return NAMES[surface] ?? surface;
}

const NAMES: Readonly<Record<string, string>> = {
  tracked: "Files of the project",
  canonical: "The rest of the project's folder",
  multipart: "Unfinished uploads",
  versions: "Older versions",
  cdn: "Copies in the CDN",
};

/** What each surface is, in one sentence. */
export function surfaceMeaning(surface: string): string {
  if (surface.startsWith("legacy:"))
    return "Where an earlier version of your application kept files.";
  return MEANINGS[surface] ?? "";
}

const MEANINGS: Readonly<Record<string, string>> = {
  tracked: "What the list of files names.",
  canonical: "Whatever else is stored for this project, although no list names it.",
  multipart: "Parts of uploads that never became a file.",
  versions: "What a bucket with versioning keeps of files after they are gone.",
  cdn: "What the CDN keeps of files that were downloaded.",
};

/** What became of a key that is still there. */
export const OUTCOMES: Readonly<Record<string, string>> = {
  failed: "could not be removed",
  blocked: "is protected",
  unknown: "could not be checked",
};

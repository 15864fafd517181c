import { utf8Length } from "./encoding.ts";
import { ExpungeError } from "./errors.ts";
import { LIMITS } from "./limits.ts";

/**
 * The stored form of a file's path: NFC, so that one name has one row, 1 to 1,024 bytes, `/`-separated
 * without empty, `.` or `..` segments and without control characters.
 * @throws ExpungeError `invalid-path`
 */
export function normalisePath(text: string): string {
  const path = text.normalize("NFC");
  const problem = problemOf(path);
  if (problem !== null) throw new ExpungeError("invalid-path", `The path is refused: ${problem}.`);
  return path;
}

/** The same, with null where the text can be no path. */
export function pathOrNull(text: string): string | null {
  const path = text.normalize("NFC");
  return problemOf(path) === null ? path : null;
}

function problemOf(path: string): string | null {
  if (path === "") return "it is empty";
  if (!path.isWellFormed()) return "it is not valid Unicode";
  const bytes = utf8Length(path);
  if (bytes > LIMITS.pathBytesMax) {
    return `it has ${bytes} bytes, and ${LIMITS.pathBytesMax} are allowed`;
  }
  // Cc is the Unicode category of control characters, U+0000 to U+001F and U+007F to U+009F.
  if (/\p{Cc}/u.test(path)) return "it has a control character";
  for (const segment of path.split("/")) {
    if (segment === "") return "it has an empty segment (a '/' at an end, or two in a row)";
    if (segment === "." || segment === "..") return `it has the segment '${segment}'`;
  }
  return null;
}

import { ExpungeError } from "../core/errors.ts";

/** `/v1/projects/{id}/files/` has this many segments before the path begins. */
const SEGMENTS_BEFORE_PATH = 5;

const ABSOLUTE_FORM = /^https?:\/\/[^/?#]*/i;

/**
 * The request target in origin form. A target in absolute form is legal (RFC 9112 section 3.2.2); its
 * path is taken as it stands, since reading it as a URL would resolve `..` and so aim at another
 * resource.
 */
export function originForm(target: string): string {
  if (!ABSOLUTE_FORM.test(target)) return target;
  const rest = target.replace(ABSOLUTE_FORM, "");
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/**
 * The file's path in a request target: all that follows `/files/`, its escapes decoded exactly once
 * and nothing resolved. It is read from the raw target, for a router decodes to find its way and not to
 * keep a name.
 * @throws ExpungeError `invalid-path`
 */
export function filePathOf(target: string): string {
  const [path = ""] = target.split("?", 1);
  return decodeOnce(path.split("/").slice(SEGMENTS_BEFORE_PATH).join("/"));
}

/** Whether a target is of a file, so that what is wrong with it is wrong with a path. */
export function aimsAtFile(target: string): boolean {
  return /^\/v1\/projects\/[^/?]*\/files\//.test(target);
}

/** Strict as the standard has it: every escape must be whole, and together they must be UTF-8. */
function decodeOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw notUtf8();
  }
}

export function notUtf8(): ExpungeError {
  return new ExpungeError("invalid-path", "The path's escapes are not percent-encoded UTF-8.");
}

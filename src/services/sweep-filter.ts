import picomatch from "picomatch/posix.js";
import { ExpungeError, messageOf } from "../core/errors.ts";
import type { Instant } from "../core/model.ts";

/** Which of the keys below a prefix a sweep is for. Without a filter it is for all of them. */
export interface SweepFilter {
  /** @param below the key without the prefix @param at when the object, version or upload came to be */
  readonly takes: (below: string, at: Instant) => boolean;
}

export interface FilterOptions {
  /** Globs: of a key that is taken one of these matches, where there are any. */
  readonly include: readonly string[];
  /** Globs: of a key that is taken none of these matches; they have the last word. */
  readonly exclude: readonly string[];
  /** Only what came to be at this time or before. */
  readonly notAfter: Instant | null;
}

/**
 * A glob is matched against the whole key below the prefix, case and all: `*` and `?` stay within a
 * segment, `**` as a segment of its own crosses them, `[ab]`, `{a,b}` and `{1..3}` are choices, a
 * backslash takes a meaning away, and a name may begin with a dot.
 * @throws ExpungeError `invalid-request` for a glob that cannot be read
 */
export function sweepFilter({ include, exclude, notAfter }: FilterOptions): SweepFilter {
  const included = include.map((glob) => matcher(glob));
  const excluded = exclude.map((glob) => matcher(glob));
  return {
    takes: (below, at) =>
      (notAfter === null || at <= notAfter) &&
      (included.length === 0 || included.some((one) => one.test(below))) &&
      !excluded.some((one) => one.test(below)),
  };
}

const RULES: picomatch.PicomatchOptions = {
  dot: true,
  nonegate: true,
  noextglob: true,
  // For `[!a]`.
  posix: true,
  strictBrackets: true,
  strictSlashes: true,
  // The short cuts for common globs know fewer of these rules; a key may hold a line break.
  fastpaths: false,
  flags: "s",
};

function matcher(glob: string): RegExp {
  // To the library these are parts of a regular expression, and `./` at the beginning is nothing.
  const plain = glob.replaceAll(/\\.|[()|+]|^\.\//gs, (found) =>
    found.startsWith("\\") ? found : `\\${found}`,
  );
  try {
    return picomatch.makeRe(plain, RULES);
  } catch (error) {
    throw new ExpungeError(
      "invalid-request",
      `The glob '${glob}' cannot be read: ${messageOf(error)}`,
      {
        remedy: "Correct the glob; a backslash before a character takes its meaning away.",
      },
    );
  }
}

import { closing, lineAt, matches, type Source, type Violation } from "./source.ts";

const LINES_MAX = 300;
/** A function that is no longer says itself what it does. */
const SELF_EXPLAINING_LINES = 5;

function isBelow(source: Source, ...starts: readonly string[]): boolean {
  return starts.some((start) => source.path === start || source.path.startsWith(`${start}/`));
}

/** Only config.ts knows the environment: what is read elsewhere is neither checked nor documented. */
export function checkEnvironment(source: Source): Violation[] {
  if (source.path === "src/config.ts") return [];
  const anyName =
    /\bprocess(?:\?\.|\.)env\b|\bprocess\s*\[|\}\s*=\s*process\b|\bimport\.meta\.env\b/g;
  const violations = matches(source, anyName, "only config.ts reads the environment");
  if (isBelow(source, "src/cli")) return violations;
  const console = /\bprocess\.(?:argv|exit|exitCode|stdin|stdout)\b/g;
  return [...violations, ...matches(source, console, "only the command line uses this")];
}

/** Where the client meets time and chance: it runs in processes that are not ours, and has no ports. */
const CLIENT_TIMING = "src/client/timing.ts";

/** Time and chance come through the ports, so that the simulation controls them. */
export function checkTimeAndChance(source: Source): Violation[] {
  const free = ["src/adapters", "src/compose.ts", "src/compose", "src/cli", CLIENT_TIMING];
  if (isBelow(source, ...free)) return [];
  const calls =
    /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bAbortSignal\.timeout\b|(?<!\.)\bset(?:Timeout|Interval|Immediate)\b|\bMath\.random\b|\brandom(?:Bytes|UUID|Int)\b|\bgetRandomValues\b/g;
  const violations = matches(source, calls, "time and chance come through the ports");
  const timers = /["'](?:node:)?timers(?:\/promises)?["']/g;
  for (const { index, 0: name } of source.text.matchAll(timers)) {
    // A quote that remained in the code opens a string, not a word of a comment.
    if (source.code.charAt(index) !== name.charAt(0)) continue;
    const message = `time comes through the ports: ${name}`;
    violations.push({ path: source.path, line: lineAt(source, index), message });
  }
  return violations;
}

export function checkDefaultExports(source: Source): Violation[] {
  const pattern = /\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b[^}]*\}/g;
  return matches(source, pattern, "no default exports");
}

export function checkConsole(source: Source): Violation[] {
  if (isBelow(source, "src/cli")) return [];
  return matches(source, /(?<!\.)\bconsole\./g, "only the command line prints");
}

/** Written so that they do not match themselves: this file is searched as well. */
const BANNED = /\b(?:TOD[O]|FIXM[E]|XX[X])\b|\bQuiet['"]?\s*:\s*tru[e]\b/g;

/** Unfinished work belongs to an issue; a quiet DeleteObjects hides which keys were removed (R5). */
export function checkWords(source: Source): Violation[] {
  return wordsIn(source, BANNED);
}

/** Words of standards for media: who has an object store's API cannot reach the medium. */
const OF_MEDIA = /\b(?:saniti[sz]|shredd?[ie]|crypto[- ]?eras|wip(?:e|ed|ing)\b|NIS[T]\b)\w*/gi;
/** Other names of what ARCHITECTURE.md, "Words", calls objects, keys, owners and trashed projects. */
const SYNONYMS =
  /\bblob[s]?\b|\btenan[t]s?\b|\bbucket key[s]?\b|\bobject name[s]?\b|\b(?:soft|hard)[- ]?delet[e]\w*/gi;

/** The web's class of that name, in code and where pages show code. */
const OF_THE_WEB = "Blob";

/** What expunge says of itself claims no more than it does, and calls each thing by one word. */
export function checkOwnWords(source: Source): Violation[] {
  return [...wordsIn(source, OF_MEDIA), ...wordsIn(source, SYNONYMS)];
}

/** Units stand last (`timeoutMs`), and what counts time has one. */
export function checkUnits(source: Source): Violation[] {
  // `msBeforeNext` is a name of rate-limiter-flexible.
  const first =
    /\b(?!msBeforeNext\b)(?:ms|millis|milliseconds|secs?|seconds|minutes|hours|days|[km]ib|[km]b)(?!Of)[A-Z]\w*/g;
  // `requestTimeout` is a name of the AWS SDK.
  const none =
    /\b(?!requestTimeout\b)\w*(?:[tT]imeout|[dD]elay|[iI]nterval|[eE]xpiry|[dD]uration|[lL]atency)\??: number\b/g;
  return [
    ...matches(source, first, "a unit stands last"),
    ...matches(source, none, "a time needs its unit"),
  ];
}

function wordsIn(source: Source, words: RegExp): Violation[] {
  return [...source.text.matchAll(words)]
    .filter(([word]) => word !== OF_THE_WEB)
    .map(({ 0: word, index }) => ({
      path: source.path,
      line: lineAt(source, index),
      message: `'${word}' may not stand here`,
    }));
}

export function checkLength(source: Source): Violation[] {
  const lines = source.text.replace(/\n$/, "").split("\n").length;
  if (lines <= LINES_MAX) return [];
  return [{ path: source.path, line: lines, message: `has ${lines} of ${LINES_MAX} lines` }];
}

/**
 * What has obligations says them: exported classes, exported functions that do not explain themselves,
 * and interfaces with methods (on the interface or on a member). The fields of plain data have names.
 */
export function checkDocs(source: Source): Violation[] {
  if (!isBelow(source, "src/core", "src/ports")) return [];
  const exported = /^export (?:async )?(?:abstract )?(function|class|interface) (\w+)/gm;
  const violations: Violation[] = [];
  for (const match of source.code.matchAll(exported)) {
    const [, kind = "", name = ""] = match;
    const open = source.code.indexOf("{", match.index);
    const end = closing(source.code, kind === "function" ? bodyOf(source, match.index) : open);
    const isDocumented = /\*\/\s*$/.test(source.text.slice(0, match.index));
    if (isDocumented || isPlain(source, kind, match.index, end)) continue;
    violations.push({
      path: source.path,
      line: lineAt(source, match.index),
      message: `${kind} ${name} has no doc comment`,
    });
  }
  return violations;
}

function bodyOf(source: Source, start: number): number {
  return source.code.indexOf("{", closing(source.code, source.code.indexOf("(", start)));
}

function isPlain(source: Source, kind: string, start: number, end: number): boolean {
  if (kind === "class") return false;
  if (kind === "function") {
    return lineAt(source, end) - lineAt(source, start) < SELF_EXPLAINING_LINES;
  }
  const hasMethods = /^\s+\w+\??(?:<[^>]*>)?\(/m.test(source.code.slice(start, end));
  return !hasMethods || source.text.slice(start, end).includes("/**");
}

/** The names of tests in the order of the files, also behind `each(...)` and the like. */
export function testNamesOf(source: Source): { readonly name: string; readonly line: number }[] {
  const names: { name: string; line: number }[] = [];
  for (const match of source.code.matchAll(/(?<![.\w$])(?:it|test)(?:\.\w+)*\s*\(/g)) {
    let open = match.index + match[0].length - 1;
    const behind = closing(source.code, open);
    const isTable = !/^\(\s*["'`]/.test(source.code.slice(open));
    if (isTable && source.code.charAt(behind) === "(") open = behind;
    const quote = /^\(\s*(["'`])/.exec(source.code.slice(open));
    if (!quote) continue;
    const from = open + quote[0].length;
    const to = source.code.indexOf(quote[1] ?? "", from);
    names.push({ name: source.text.slice(from, to), line: lineAt(source, match.index) });
  }
  return names;
}

/** Two tests with one name cannot be told apart in a report. */
export function checkTestNames(sources: readonly Source[]): Violation[] {
  const seen = new Map<string, string>();
  const violations: Violation[] = [];
  for (const source of sources) {
    for (const { name, line } of testNamesOf(source)) {
      const first = seen.get(name);
      if (first === undefined) seen.set(name, `${source.path}:${line}`);
      else violations.push({ path: source.path, line, message: `'${name}' is also at ${first}` });
    }
  }
  return violations;
}

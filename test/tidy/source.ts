/** One file as the rules see it. */
export interface Source {
  readonly path: string;
  readonly text: string;
  /** The text with comments and the contents of strings blanked out; every position stays. */
  readonly code: string;
}

/** What a rule found, to be printed as `path:line message`. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export function sourcesOf(files: ReadonlyMap<string, string>): readonly Source[] {
  return [...files].map(([path, text]) => ({ path, text, code: blank(text) }));
}

export function lineAt(source: Source, position: number): number {
  return source.text.slice(0, position).split("\n").length;
}

/** One violation per match of a pattern in the code. */
export function matches(source: Source, pattern: RegExp, message: string): Violation[] {
  return [...source.code.matchAll(pattern)].map((match) => ({
    path: source.path,
    line: lineAt(source, match.index),
    message: `${message}: '${match[0].trim()}'`,
  }));
}

/** The position behind the bracket that closes the one at `open`, or the end of the text. */
export function closing(code: string, open: number): number {
  let depth = 0;
  for (let i = open; i < code.length; i++) {
    if ("([{".includes(code.charAt(i))) depth++;
    else if (")]}".includes(code.charAt(i)) && --depth === 0) return i + 1;
  }
  return code.length;
}

/** After one of these, a `/` begins a regular expression and does not divide. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|=>|\b(?:return|typeof|case|in|of|void))\s*$/;

/** Where the part that begins here ends, what of it is kept at each side, or null for plain code. */
function skipped(text: string, at: number, before: string): { end: number; kept: number } | null {
  const rest = text.slice(at);
  const comment = /^(?:\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))/.exec(rest);
  if (comment) return { end: at + comment[0].length, kept: 0 };
  const quoted = /^(?:"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*')/.exec(rest);
  if (quoted) return { end: at + quoted[0].length, kept: 1 };
  const regex = /^\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/.exec(rest);
  if (regex && BEFORE_REGEX.test(before)) return { end: at + regex[0].length, kept: 1 };
  return null;
}

/** Blanks comments, strings, regular expressions and the texts of templates, but not their expressions. */
function blank(text: string): string {
  let code = "";
  // The depth of braces in each template expression that is open.
  const templates: number[] = [];
  for (let at = 0; at < text.length;) {
    const char = text.charAt(at);
    const part = skipped(text, at, code.slice(-40));
    if (part !== null) {
      const inner = text.slice(at + part.kept, part.end - part.kept);
      code += text.slice(at, at + part.kept) + spaces(inner);
      code += text.slice(part.end - part.kept, part.end);
      at = part.end;
      continue;
    }
    const depth = templates.at(-1);
    if (char === "`" || (char === "}" && depth === 0)) {
      if (char === "}") templates.pop();
      const end = templateEnd(text, at + 1);
      const opensExpression = text.charAt(end) === "$";
      code += char + spaces(text.slice(at + 1, end)) + (opensExpression ? "${" : "`");
      if (opensExpression) templates.push(0);
      at = end + (opensExpression ? 2 : 1);
      continue;
    }
    if (depth !== undefined && char === "{") templates[templates.length - 1] = depth + 1;
    if (depth !== undefined && char === "}") templates[templates.length - 1] = depth - 1;
    code += char;
    at++;
  }
  return code.slice(0, text.length);
}

/** The position of the backtick that ends a template, or of the `${` that opens an expression. */
function templateEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text.charAt(at) === "\\") at++;
    else if (text.charAt(at) === "`" || text.startsWith("${", at)) return at;
  }
  return text.length;
}

function spaces(text: string): string {
  return text.replace(/[^\n]/g, " ");
}

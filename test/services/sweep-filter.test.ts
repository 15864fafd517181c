import { describe, expect, test } from "vitest";
import { sweepFilter } from "../../src/services/sweep-filter.ts";

const NONE = { include: [], exclude: [], notAfter: null };

/** Which of these keys a glob takes. */
function taken(glob: string, keys: readonly string[]): string[] {
  const { takes } = sweepFilter({ ...NONE, include: [glob] });
  return keys.filter((key) => takes(key, 0));
}

describe("a glob of a sweep", () => {
  test.each<[string, string, string[], string[]]>([
    ["a star stays within its segment", "*.txt", ["a.txt", ".txt", "a\nb.txt"], ["d/a.txt"]],
    ["letters have their case", "*.txt", [], ["A.TXT"]],
    ["two stars cross segments", "**/*.txt", ["a.txt", "d/e/a.txt", ".h/a.txt"], ["a.txt/"]],
    ["two stars take what lies below", "d/**", ["d/a", "d/e/f", "d/"], ["d", "dd/a"]],
    ["a question mark is one character", "a?c", ["abc"], ["ac", "a/c", "abbc"]],
    ["brackets are a choice of characters", "[a-c]x", ["ax", "cx"], ["dx", "a"]],
    ["brackets take what is not in them", "[!a]x", ["bx"], ["ax"]],
    ["braces are a choice of words", "{a,b}/*", ["a/x", "b/y"], ["c/x", "a/"]],
    ["braces are a choice of numbers", "x{1..3}", ["x1", "x3"], ["x4"]],
    ["a backslash takes a meaning away", String.raw`a\*b`, ["a*b"], ["axb"]],
    ["parentheses are what they are", "a(1).txt", ["a(1).txt"], ["a1.txt"]],
    ["an exclamation mark is what it is", "!(a|b)", ["!(a|b)"], ["c"]],
    ["a plus is what it is", "a+", ["a+"], ["a", "aa"]],
    ["a point and a slash at the beginning are part of the key", "./a", ["./a"], ["a"]],
    ["two slashes are part of the key", "a//b", ["a//b"], ["a/b"]],
  ])("knows its rules: %s", (_what, glob, yes, no) => {
    expect(taken(glob, [...yes, ...no])).toEqual(yes);
  });

  test("takes no segment of one or two points but where it names it", () => {
    expect(taken("**", ["a/../b", "a/./b", "..", "a"])).toEqual(["a"]);
    expect(taken("a/../b", ["a/../b"])).toEqual(["a/../b"]);
  });

  test.each(["[a", "{a,b", ""])("that cannot be read is refused and shown: '%s'", (glob) => {
    const read = (): unknown => sweepFilter({ ...NONE, exclude: [glob] });
    expect(read).toThrow(`'${glob}'`);
    expect(read).toThrow(expect.objectContaining({ code: "invalid-request" }));
  });
});

test("of a key that a filter takes one inclusion and no exclusion matches, and it is old enough", () => {
  const { takes } = sweepFilter({ include: ["*.a", "*.b"], exclude: ["x*"], notAfter: 10 });
  const all = ["1.a", "1.b", "1.c", "x.a"].flatMap((key) => [`${key} 10`, `${key} 11`]);
  const yes = all.filter((one) => {
    const [key = "", at] = one.split(" ");
    return takes(key, Number(at));
  });
  expect(yes).toEqual(["1.a 10", "1.b 10"]);
});

test("a filter that says nothing takes all", () => {
  expect(sweepFilter(NONE).takes("any/../key", Number.MAX_SAFE_INTEGER)).toBe(true);
});

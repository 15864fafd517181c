import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/core/errors.ts";
import { DEFAULT_ID_FORMAT, parseIdFormat } from "../../src/core/ids.ts";
import {
  createLayoutSet,
  explainKey,
  hasListingPrefix,
  listingPrefix,
  matchLayout,
} from "../../src/core/layouts/index.ts";
import { layoutOf, refusal } from "./layouts-help.ts";

const HEX = parseIdFormat("proj_[0-9a-f]{12}");
const UID = "0192f3a4b5c6d7e8f9g0h1j2k3";
const A = "proj_0123456789ab";
const B = "proj_0123456789ac";

function expectRefused(work: () => unknown, code: ErrorCode, words: string): void {
  const error = refusal(work);
  expect({ code: error.code, message: error.message }).toEqual({
    code,
    message: expect.stringContaining(words) as unknown,
  });
}

describe("the grammar of layouts", () => {
  it.each([
    "projects/{project}/**",
    "audio/proj_{project}/**",
    "*/{project}/**",
    "users/*/projects/{project}/**",
    "users/*/projects/{project}/scenes/*/media/*",
    "{project}.zip",
    "{project}",
    "x/{project}.*.gz",
    "é/{project}/ü",
    ".expunged/{project}",
    "a b/{project}/**",
  ])("accepts %s", (template) => {
    expect(layoutOf(DEFAULT_ID_FORMAT, template)).toMatchObject({ name: "l0", template });
  });

  it.each([
    ["", "needs {project} exactly once and has it nowhere"],
    ["projects/**", "has it nowhere"],
    ["{project}/{project}", "has it 2 times"],
    ["{id}/x", "has it nowhere"],
    ["{project}/{scene}", "is all that braces can mean"],
    ["{audio,video}/{project}/**", "write one layout per alternative"],
    ["{project}/**/x", "in segment 2, '**', '**' does not stand alone as the last segment"],
    ["**/{project}", "in segment 1, '**', '**' does not stand alone"],
    ["{project}.**", "'**' does not stand alone"],
    ["{project}/***", "'**' does not stand alone"],
    ["*_{project}/**", "'*' stands before {project}"],
    ["a*/{project}", "in segment 1, 'a*', '*' stands neither alone nor after {project}"],
    ["{project}/*.mp4", "'*' stands neither alone nor after {project}"],
    ["/{project}/**", "in segment 1, '', there is nothing"],
    ["a//{project}", "in segment 2, '', there is nothing"],
    ["a/{project}/", "for everything below it write '/**'"],
    [".expunge/{project}/**", "what lies below '.expunge/' is expunge's own"],
    ["a\n/{project}", "control character"],
    ["\ud800/{project}", "not valid Unicode"],
    [`${"a".repeat(1015)}/{project}`, "no key is longer than 1024 bytes"],
  ])("refuses '%s' because %s", (template, words) => {
    expectRefused(() => layoutOf(DEFAULT_ID_FORMAT, template), "invalid-layout", words);
  });

  it.each(["", "Flat", "a_b", "a".repeat(41), "a b", "canonical"])(
    "refuses the name '%s'",
    (name) => {
      const work = () => createLayoutSet(HEX, [{ name, template: "{project}/**" }]);
      expectRefused(work, "invalid-layout", "name");
    },
  );

  it("refuses a name that is used twice", () => {
    const work = () =>
      createLayoutSet(HEX, [
        { name: "flat", template: "{project}/**" },
        { name: "flat", template: "a/{project}/**" },
      ]);
    expectRefused(work, "invalid-layout", "another layout has this name");
  });

  it("says which layout it means, in words and in the details", () => {
    const error = refusal(() => layoutOf(HEX, "a*/{project}"));
    expect(error.message).toMatch(/^The layout 'l0' \('a\*\/\{project\}'\) cannot be used: /);
    expect(error.details).toEqual({ layout: "l0", template: "a*/{project}" });
  });

  it("refuses an id class that goes on after {project} even where no counter-example exists", () => {
    const words = "ids be declared with a fixed length";
    for (const template of ["{project}_x", "{project}-x", "{project}x"]) {
      const error = refusal(() => layoutOf(DEFAULT_ID_FORMAT, template));
      if (error.code === "invalid-layout") expect(error.message).toContain(words);
      else expect(error.code).toBe("ambiguous-layouts");
    }
    expectRefused(() => layoutOf(DEFAULT_ID_FORMAT, "{project}_x"), "invalid-layout", words);
  });

  it("allows any character after {project} when ids have a fixed length", () => {
    for (const template of ["{project}_*", "{project}0*", "{project}abc/**", "{project}*"]) {
      expect(layoutOf(HEX, template).template).toBe(template);
    }
  });
});

describe("matching a key", () => {
  it.each([
    ["projects/{project}/**", "projects/p1/a", "p1"],
    ["projects/{project}/**", "projects/p1/", "p1"],
    ["projects/{project}/**", "projects/p1/a/b/c", "p1"],
    ["projects/{project}/**", "projects/p10/a", "p10"],
    ["projects/{project}/**", "projects/p1", null],
    ["projects/{project}/**", "projects//a", null],
    ["projects/{project}/**", "projects/p1_/a", null],
    ["projects/{project}/**", "/projects/p1/a", null],
    ["projects/{project}/**", `projects/${UID}/a`, null],
    ["audio/proj_{project}/**", "audio/proj_p1/x", "p1"],
    ["audio/proj_{project}/**", "audio/p1/x", null],
    ["audio/{project}/*", "audio/p1/x", "p1"],
    ["audio/{project}/*", "audio/p1/", "p1"],
    ["audio/{project}/*", "audio/p1/x/y", null],
    ["users/*/projects/{project}/**", "users/u/projects/p1/x", "p1"],
    ["users/*/projects/{project}/**", "users//projects/p1/x", "p1"],
    ["users/*/projects/{project}/**", "users/u/v/projects/p1/x", null],
    ["{project}.zip", "p1.zip", "p1"],
    ["{project}.zip", "p1.zip.zip", null],
    ["{project}.zip", "a/p1.zip", null],
    ["{project}.*.gz", "p1.tar.gz", "p1"],
    ["{project}.*.gz", "p1..gz", "p1"],
    ["{project}.*.gz", "p1.gz", null],
    ["{project}.*.*.z", "p1.a.b.c.z", "p1"],
    ["{project}.*b*.z", "p1.abc.z", "p1"],
    ["{project}.*b*.z", "p1.ac.z", null],
    ["{project}.*ab*b.z", "p1.ab.z", null],
    ["{project}", "p1", "p1"],
    ["*/{project}", ".expunge/p1", null],
    ["*/{project}", ".expunged/p1", "p1"],
    ["é/{project}/𝒳", "é/p1/𝒳", "p1"],
  ])("by %s gives '%s' to %s", (template, key, id) => {
    expect(matchLayout(layoutOf(DEFAULT_ID_FORMAT, template), key)).toBe(id);
  });

  it.each([
    ["{project}_*", `${A}_s_video.mp4`, A],
    ["{project}_*", A, null],
    ["{project}_*", `x_${A}_a`, null],
    ["{project}_*", "proj_0123456789AB_x", null],
    ["{project}0*", `${A}0x`, A],
    ["{project}*", `${A}0x`, A],
    ["{project}*", A, A],
    ["{project}*", `${A}/x`, null],
    ["proj_{project}_*", `proj_${A}_x`, A],
    ["proj_{project}_*", `${A}_x`, null],
  ])("with ids of a fixed length by %s gives '%s' to %s", (template, key, id) => {
    expect(matchLayout(layoutOf(HEX, template), key)).toBe(id);
  });

  it("never takes a sibling for the project (defect 3)", () => {
    const set = createLayoutSet(DEFAULT_ID_FORMAT, [{ name: "old", template: "x/{project}/**" }]);
    const [, legacy] = set.surfacesFor({ id: "abc1", uid: UID });
    expect(
      ["x/abc1/a", "x/abc12/a", "x/zz/abc1", "x/abc1"].map((key) => legacy?.owns(key)),
    ).toEqual([true, false, false, false]);
  });
});

describe("the listing prefix", () => {
  it.each([
    ["projects/{project}/**", "projects/p1/", true],
    ["audio/proj_{project}/**", "audio/proj_p1/", true],
    ["a/{project}/x/*/y", "a/p1/x/", true],
    ["a/{project}/x/y", "a/p1/x/y", true],
    ["{project}.zip", "p1.zip", true],
    ["{project}.*.gz", "p1.", true],
    ["a/{project}.*/x/**", "a/p1.", true],
    ["users/*/projects/{project}/**", "users/", false],
    ["*/{project}/**", "", false],
  ])("of %s is '%s' (own: %s)", (template, prefix, own) => {
    const layout = layoutOf(DEFAULT_ID_FORMAT, template);
    expect(listingPrefix(layout, "p1")).toBe(prefix);
    expect(hasListingPrefix(layout)).toBe(own);
  });
});

describe("a set of layouts", () => {
  const set = createLayoutSet(HEX, [
    { name: "flat", template: "{project}_*" },
    { name: "by-user", template: "users/*/projects/{project}/**" },
  ]);

  it.each([
    [`projects/${UID}/x/y`, { layout: "canonical", projectUid: UID }],
    [`projects/${UID}/`, { layout: "canonical", projectUid: UID }],
    [`${A}_x.mp4`, { layout: "flat", projectId: A }],
    [`users/u1/projects/${B}/a/b`, { layout: "by-user", projectId: B }],
    [`projects/${UID}`, null],
    [`projects/${A}/x`, null],
    [`.expunge/receipts/${UID}.jws`, null],
    ["readme.txt", null],
    ["", null],
  ])("explains '%s'", (key, explanation) => {
    expect(explainKey(set, key)).toEqual(explanation);
  });

  it("names the surfaces of a project with what to list and what to take", () => {
    const surfaces = set.surfacesFor({ id: A, uid: UID });
    expect(surfaces.map(({ surface, prefix }) => [surface, prefix])).toEqual([
      ["canonical", `projects/${UID}/`],
      ["legacy:flat", `${A}_`],
      ["legacy:by-user", "users/"],
    ]);
    const keys = [`projects/${UID}/x`, `${A}_x`, `users/u/projects/${A}/x`, `${B}_x`];
    expect(surfaces.map(({ owns }) => keys.filter((key) => owns(key)))).toEqual([
      [`projects/${UID}/x`],
      [`${A}_x`],
      [`users/u/projects/${A}/x`],
    ]);
  });

  it("names the layouts whose listing goes through the keys of other projects", () => {
    expect(set.withoutListingPrefix).toEqual(["by-user"]);
  });

  it("has the canonical surface alone when nothing is declared, whatever the id", () => {
    const surfaces = createLayoutSet(HEX, []).surfacesFor({ id: "older-form", uid: UID });
    expect(surfaces.map(({ surface }) => surface)).toEqual(["canonical"]);
  });

  it("does not pass over the keys of an id that the declared form no longer has", () => {
    const work = () => set.surfacesFor({ id: "older-form", uid: UID });
    expectRefused(work, "invalid-project-id", "'older-form'");
  });

  it("makes no surface from what is not a uid", () => {
    expect(() => set.surfacesFor({ id: A, uid: A })).toThrow(RangeError);
  });
});

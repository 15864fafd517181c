import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { DEFAULT_ID_FORMAT, parseIdFormat } from "../../src/core/ids.ts";
import { createLayoutSet } from "../../src/core/layouts/index.ts";
import { layoutOf, layoutsOf, refusal } from "./layouts-help.ts";

const HEX = parseIdFormat("proj_[0-9a-f]{12}");

/** The key layouts of the system that the original had; `proj_` is a part of its ids. */
const ORIGINAL = [
  "{project}_*",
  "{project}_media.mp4",
  "{project}_*_media.mp4",
  "{project}_scene_*.mp4",
  "proj_{project}_*",
  "{project}/**",
  "projects/{project}/scenes/*/media/*",
  ...["audio", "images", "video", "thumbnails"].map((kind) => `projects/{project}/${kind}/**`),
  "users/*/projects/{project}/scenes/*/*/*",
  "users/*/projects/{project}/output/**",
  ...["audio", "video", "media", "thumbnails"].flatMap((kind) => [
    `${kind}/{project}/*/**`,
    `${kind}/{project}_*/**`,
  ]),
];

describe("the legacy layouts of the original", () => {
  it("are declared as a whole in the example, which is accepted", async () => {
    const path = new URL("../../examples/legacy-layouts/expunge.config.json", import.meta.url);
    const example = JSON.parse(await readFile(path, "utf8")) as {
      projectId: string;
      layouts: { name: string; template: string }[];
    };
    const set = createLayoutSet(parseIdFormat(example.projectId), example.layouts);
    expect(set.layouts).toHaveLength(example.layouts.length);
    expect(set.withoutListingPrefix).toEqual(["user-scenes", "user-output"]);
  });

  it("are all provably unambiguous, together, with ids of the form proj_[0-9a-f]{12}", () => {
    expect(layoutsOf(HEX, ...ORIGINAL)).toHaveLength(ORIGINAL.length);
  });

  it("are unambiguous also when proj_ is no part of the id, the bare '{id}_...' among them", () => {
    const bare = parseIdFormat("[0-9a-f]{12}");
    const templates = [...ORIGINAL, ...ORIGINAL.map((template) => template.replace("{", "proj_{"))];
    expect(layoutsOf(bare, ...new Set(templates))).not.toHaveLength(0);
  });

  it.each([
    ["{project}_*", "a_a_", "a", "a_a"],
    ["{project}_*_media.mp4", "b_b__media.mp4", "b", "b_b"],
    ["proj_{project}_*", "proj_a_a_", "a", "a_a"],
    ["audio/{project}_*/**", "audio/b_b_/", "b", "b_b"],
  ])("with ids of any length refuse %s, for '%s' is %s's and %s's", (template, key, one, other) => {
    const error = refusal(() => layoutOf(DEFAULT_ID_FORMAT, template));
    expect(error.code).toBe("ambiguous-layouts");
    expect(error.details).toEqual({
      key,
      first: { layout: "l0", id: one },
      second: { layout: "l0", id: other },
    });
  });

  it("with ids of any length refuse a top-level {project}, which 'projects' could be", () => {
    const uid = "0aaaaaaaaaaaaaaaaaaaaaaaaa";
    const error = refusal(() => layoutOf(DEFAULT_ID_FORMAT, "{project}/**"));
    expect(error.message).toBe(
      `The key 'projects/${uid}/' belongs to '${uid}' by layout canonical (projects/{project}/**)` +
        " and to 'projects' by layout l0 ({project}/**).",
    );
  });

  it.each([
    ["audio/proj_{project}/**", "audio/{project}/**", "audio/proj_b/", DEFAULT_ID_FORMAT],
    [
      "users/*/projects/{project}/**",
      "users/{project}/**",
      "users/a/projects/b/",
      DEFAULT_ID_FORMAT,
    ],
    ["proj_{project}_*", "{project}_*", "proj_aaaa_", parseIdFormat("[0-9a-z]{4}")],
    ["{project}/**", "*/{project}/**", "proj_aaaaaaaaaaaa/proj_aaaaaaaaaaab/", HEX],
  ])(
    "of other systems refuse %s beside %s, for '%s' would have two ids",
    (one, other, key, format) => {
      const error = refusal(() => layoutsOf(format, one, other));
      expect([error.code, error.details["key"]]).toEqual(["ambiguous-layouts", key]);
    },
  );
});

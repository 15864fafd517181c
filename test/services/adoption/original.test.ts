import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { DatabaseError } from "../../../src/core/database-errors.ts";
import { DEFAULT_ID_FORMAT, parseIdFormat } from "../../../src/core/ids.ts";
import { createLayoutSet, type LayoutDefinition } from "../../../src/core/layouts/index.ts";
import type { MetadataStore } from "../../../src/ports/metadata/index.ts";
import { runPurge } from "../../../src/services/purge/purge.ts";
import { carryOutRun } from "../../../src/services/runs.ts";
import { ADMIN } from "../../support/context.ts";
import { withLimit } from "../../support/limits.ts";
import { withMethods } from "../../support/methods.ts";
import { adopt, keysOf, pathsOf, put, run, service } from "./adopting.ts";

describe("an adoption that breaks off", () => {
  it("goes on where it was, and counts everything once", async () => {
    const one = await service({ store: { pageKeys: 2 } });
    await put(one, ...["a", "b", "c", "d", "e"].map((name) => `audio/p1/${name}`));
    const { id } = await one.services.adoptions.start(ADMIN, { minAgeMs: 0, dryRun: false });
    let calls = 0;
    const metadata = withMethods<MetadataStore>(one.metadata, {
      recordAdoption: async (...args) => {
        // The second page's rows are written, and nobody hears of it.
        const recorded = await one.metadata.recordAdoption(...args);
        if (++calls === 2)
          throw new DatabaseError("connection-lost", "lost", { effectUnknown: true });
        return recorded;
      },
    });
    const broken = { ...one.context, metadata };
    const signal = new AbortController().signal;
    await expect(carryOutRun(broken, id, signal)).rejects.toThrow("lost");
    expect((await one.metadata.findRun(id))?.progress.after).toBe("audio/p1/d");
    // Its lease stands still: another worker waits for its end.
    await run(one, id);
    expect(await one.metadata.findRun(id)).toMatchObject({ attempts: 1, completedAt: null });
    await one.metadata.releaseRun(id, 1);
    await run(one, id);
    const ended = await one.services.adoptions.get(ADMIN, id);
    expect(ended).toMatchObject({ attempts: 2 });
    expect(ended.progress.counts).toMatchObject({ objects: 5, adopted: 5, known: 0, projects: 1 });
  });

  it("ends as it stands after too many attempts", async () => {
    const one = await service();
    const adoption = await withLimit("runAttemptsMax", 0, () => adopt(one));
    expect(adoption.progress).toMatchObject({ isListed: false, failure: { code: "internal" } });
  });
});

describe("the legacy layouts of the original", () => {
  const PROJECT = "proj_0123456789ab";
  const SIBLINGS = ["proj_0123456789ac", "proj_0123456789a0"];
  const KEYS = [
    "ID_scene-1_video.mp4",
    "ID_media.mp4",
    "ID_3_media.mp4",
    "ID_scene_4.mp4",
    "proj_ID_x.mp3",
    "ID/old/file.txt",
    "projects/ID/scenes/s1/media/m.mp4",
    "projects/ID/audio/a.mp3",
    "users/u9/projects/ID/scenes/s1/video/v.mp4",
    "users/u9/projects/ID/output/final.mp4",
    "audio/ID/s1/a.mp3",
    "thumbnails/ID_s1/t.png",
  ];

  it("adopt each project's objects as its own, and its deletion takes them and no sibling's", async () => {
    const path = new URL("../../../examples/legacy-layouts/expunge.config.json", import.meta.url);
    const { projectId, layouts } = JSON.parse(await readFile(path, "utf8")) as {
      projectId: string;
      layouts: LayoutDefinition[];
    };
    const one = await service({ idFormat: parseIdFormat(projectId), layouts, work: true });
    const of = (id: string): readonly string[] => KEYS.map((key) => key.replace("ID", id));
    // No id of the form, or a longer one: nobody's.
    const foreign = [
      "proj_0123456789abc/x",
      "projects/proj_0123456789a/audio/x",
      "proj_zz_0123456789ab_x",
    ];
    const ours = of(PROJECT);
    const theirs = SIBLINGS.flatMap((id) => of(id));
    await put(one, ...ours, ...theirs, ...foreign);
    const { counts } = (await adopt(one)).progress;
    expect(counts).toMatchObject({ adopted: 36, newProjects: 3, foreign: 3, refused: 0 });
    expect(await pathsOf(one, PROJECT)).toEqual(ours.toSorted());
    const { state } = await one.services.deletions.delete(ADMIN, PROJECT, {});
    expect(state).toBe("completed");
    expect(keysOf(one)).toEqual([...theirs, ...foreign].toSorted());
    for (const id of SIBLINGS) expect(await pathsOf(one, id)).toEqual(of(id).toSorted());
  });

  it("are not needed any more for a deletion to take what was adopted by them", async () => {
    const one = await service();
    await put(one, "audio/p1/a", "audio/p10/a");
    await adopt(one);
    const layouts = createLayoutSet(DEFAULT_ID_FORMAT, []);
    const { id } = await one.services.deletions.request(ADMIN, "p1", {});
    await runPurge({ ...one.context, layouts }, id, new AbortController().signal);
    expect(await one.services.deletions.get(ADMIN, id)).toMatchObject({ state: "completed" });
    expect(keysOf(one)).toEqual(["audio/p10/a"]);
  });
});

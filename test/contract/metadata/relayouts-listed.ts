import { expect, test } from "vitest";
import { NO_RELAYOUTS, RELAYOUT_BEGINS } from "../../../src/core/relayout.ts";
import { claim } from "./adoption-steps.ts";
import {
  commit,
  completing,
  type Fixture,
  LONG_MS,
  makeProject,
  newUid,
  purging,
  trash,
} from "./fixture.ts";
import { adoptedFiles, claimRelayout } from "./relayout-steps.ts";

export function relayoutsListed(fixture: Fixture): void {
  test("files whose objects lie elsewhere than at canonical keys are listed by their keys", async () => {
    const { store } = fixture;
    const [one, two] = [await makeProject(fixture), await makeProject(fixture)];
    const key = `projects/${one.uid}/${newUid()}`;
    await commit(fixture, await completing(fixture, one.uid, { key }));
    const before = (await store.listLegacyFiles({ projects: [], limit: 99 })).length;
    const files = await adoptedFiles(fixture, one.id, 2);
    const [other] = await adoptedFiles(fixture, two.id, 1);
    expect(files.map(({ file }) => file.key)).not.toContain(key);
    expect(files).toMatchObject([
      { projectId: one.id, file: { projectUid: one.uid, sizeBytes: 7, contentType: "text/x-odd" } },
      { projectId: one.id },
    ]);
    const [first, second] = files.map(({ file }) => file);
    const query = { projects: [one.id], limit: 1 };
    expect((await store.listLegacyFiles(query)).map(({ file }) => file)).toEqual([first]);
    const rest = await store.listLegacyFiles({ ...query, limit: 9, after: first?.key ?? "" });
    expect(rest.map(({ file }) => file)).toEqual([second]);
    const all = await store.listLegacyFiles({ projects: [], limit: 99 });
    expect(all).toHaveLength(before + 3);
    expect(all).toContainEqual(other);
    await purging(fixture, two.uid);
    expect(await store.listLegacyFiles({ projects: [two.id], limit: 9 })).toEqual([]);
    await trash(fixture, one.uid, LONG_MS);
    expect(await store.listLegacyFiles({ projects: [one.id], limit: 9 })).toHaveLength(2);
  });

  test("relayouts are listed newest first, page by page, and no other runs among them", async () => {
    const { store } = fixture;
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      ids.unshift((await claimRelayout(fixture)).run.id);
      await claim(fixture);
      await fixture.advance(5);
    }
    const page = await store.listRelayouts({ limit: 2 });
    expect(page.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const [, last] = page;
    if (!last) throw new Error("there are two");
    expect((await store.listRelayouts({ limit: 1, after: last })).map(({ id }) => id)).toEqual(
      ids.slice(2),
    );
  });

  test("a relayout's steps add to its counts and replace its place and its uploads", async () => {
    const { store } = fixture;
    const { run, token } = await claimRelayout(fixture);
    const [live, deleting] = [await makeProject(fixture), await makeProject(fixture)];
    await purging(fixture, deleting.uid);
    const note = { key: "a", code: "changed", projectId: live.id };
    const notes = [{ ...note, projectId: deleting.id }, note];
    const first = { after: "a", uploads: ["u"], counts: { spared: 1, objects: 1 }, notes };
    expect((await store.recordRelayout(run.id, token, first)).progress).toEqual({
      ...RELAYOUT_BEGINS,
      after: "a",
      uploads: ["u"],
      counts: { ...NO_RELAYOUTS, spared: 1, objects: 1 },
    });
    const second = { after: "b", uploads: [], counts: { spared: 2, readBytes: 9 }, notes: [] };
    const recorded = await store.recordRelayout(run.id, token, second);
    expect(recorded.progress).toMatchObject({ after: "b", uploads: [] });
    expect(recorded.progress.counts).toEqual({
      ...NO_RELAYOUTS,
      objects: 1,
      spared: 3,
      readBytes: 9,
    });
    expect(await store.findRun(run.id)).toEqual(recorded);
    // Of a project that is being deleted nothing is noted any more (R7).
    expect(await store.listNotes(run.id, { limit: 9 })).toMatchObject([note]);
  });
}

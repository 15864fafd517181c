import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/core/encoding.ts";
import { canonicalKey } from "../../../src/core/keys.ts";
import { StoreError } from "../../../src/core/store-errors.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import { collect } from "../../../src/services/bytes.ts";
import { newUid } from "../../contract/metadata/fixture.ts";
import { ADMIN, putText } from "../../support/context.ts";
import { withMethods } from "../../support/methods.ts";
import { adopt, keysOf, pathsOf, put, refusals, run, service } from "./adopting.ts";

describe("an adoption", () => {
  it("makes readable files of objects where they lie, and neither writes nor moves any", async () => {
    const one = await service();
    const writes = ["audio/p1/a.mp3", "users/7/projects/p1/b.mp4", "audio/p2/c.mp3"];
    await put(one, ...writes);
    const adoption = await adopt(one, { owner: "carol" });
    expect(adoption.progress).toMatchObject({
      isListed: true,
      failure: null,
      counts: { objects: 3, adopted: 3, projects: 2, newProjects: 2, lists: 1, looks: 3 },
    });
    expect(await pathsOf(one, "p1")).toEqual(["audio/p1/a.mp3", "users/7/projects/p1/b.mp4"]);
    expect(await one.services.projects.get(ADMIN, "p1")).toMatchObject({
      owner: "carol",
      fileCount: 2,
    });
    const { body, file } = await one.services.files.get(ADMIN, "p1", "audio/p1/a.mp3");
    expect(Buffer.from(await collect(body, 100)).toString()).toBe("audio/p1/a.mp3");
    expect(file).toMatchObject({ sha256: null, contentType: "application/octet-stream" });
    expect(keysOf(one)).toEqual(writes.toSorted());
  });

  it("makes nothing in a dry run, which is what happens where nothing is said", async () => {
    const one = await service();
    await put(one, "audio/p1/a", "audio/p1//b", "strange");
    const { id } = await one.services.adoptions.start(ADMIN, { minAgeMs: 0 });
    await run(one, id);
    const plan = await one.services.adoptions.get(ADMIN, id);
    expect(plan.request).toMatchObject({ dryRun: true, owner: "admin" });
    expect(plan.progress.counts).toMatchObject({
      adopted: 1,
      newProjects: 1,
      refused: 1,
      foreign: 1,
      looks: 1,
    });
    await expect(one.services.projects.get(ADMIN, "p1")).rejects.toMatchObject({
      code: "project-not-found",
    });
    const projects = [];
    for await (const project of one.services.adoptions.projects(ADMIN, id)) projects.push(project);
    expect(projects).toMatchObject([{ projectId: "p1", objects: 1 }]);
  });

  it("makes nothing twice, and takes what came later", async () => {
    const one = await service();
    await put(one, "audio/p1/a");
    await adopt(one);
    await put(one, "audio/p1/b");
    const { counts } = (await adopt(one)).progress;
    expect(counts).toMatchObject({ adopted: 1, known: 1, projects: 1, newProjects: 0 });
    expect((await adopt(one)).progress.counts).toMatchObject({ adopted: 0, known: 2 });
    expect(await pathsOf(one, "p1")).toEqual(["audio/p1/a", "audio/p1/b"]);
  });

  it("takes only keys below its prefix, and none younger than an hour where nothing is said", async () => {
    const one = await service();
    await put(one, "audio/p1/a", "users/7/projects/p1/b");
    expect((await adopt(one, { prefix: "users/" })).progress.counts).toMatchObject({
      objects: 1,
      adopted: 1,
    });
    const { id } = await one.services.adoptions.start(ADMIN, { dryRun: false });
    await run(one, id);
    const { request, progress } = await one.services.adoptions.get(ADMIN, id);
    expect(request.minAgeMs).toBe(3_600_000);
    const bare = await one.services.adoptions.start(ADMIN);
    expect(bare.request).toMatchObject({ dryRun: true, owner: ADMIN.subject, prefix: "" });
    expect(progress.counts).toMatchObject({ adopted: 0, young: 1, known: 1 });
  });

  it("leaves canonical keys without a row alone: they may be what was deleted", async () => {
    const one = await service();
    const { id, uid } = await one.services.projects.create(ADMIN, {});
    await putText(one, id, "a", "text");
    await put(one, canonicalKey(uid, newUid()));
    const { counts } = (await adopt(one)).progress;
    expect(counts).toMatchObject({ objects: 2, orphans: 1, known: 1, adopted: 0 });
    expect(await pathsOf(one, id)).toEqual(["a"]);
  });

  it("refuses keys that cannot be paths, and keys whose path another file has", async () => {
    const one = await service();
    const { id } = await one.services.projects.create(ADMIN, { id: "p1" });
    await putText(one, id, "audio/p1/taken", "mine");
    const odd = ["audio/p1/", "audio/p1/../x", "audio/p1/a\u0007", "audio/p1/taken"];
    await put(one, ...odd, "audio/p1/caf\u00e9", "audio/p1/cafe\u0301");
    const adoption = await adopt(one);
    expect(adoption.progress.counts).toMatchObject({ adopted: 1, refused: 5 });
    expect(await refusals(one, adoption)).toEqual([
      "invalid-path audio/p1/",
      "invalid-path audio/p1/../x",
      "invalid-path audio/p1/a\u0007",
      "path-taken audio/p1/caf\u00e9",
      "path-taken audio/p1/taken",
    ]);
  });

  it("revives no deleted project: what lies there of it is residue", async () => {
    const one = await service({ work: true });
    await put(one, "audio/p1/a");
    await adopt(one);
    await one.services.deletions.delete(ADMIN, "p1", {});
    await put(one, "audio/p1/late");
    const adoption = await adopt(one);
    expect(await refusals(one, adoption)).toEqual(["project-deleted audio/p1/late"]);
    await expect(one.services.projects.get(ADMIN, "p1")).rejects.toMatchObject({
      code: "project-deleted",
    });
  });

  it("takes nothing that is not what the listing showed, or that it may not look at", async () => {
    const denied = new StoreError("access-denied", "blocked", "no");
    const one = await service({
      wrap: (store) =>
        withMethods<ObjectStore>(store, {
          head: async (key) => {
            if (key.endsWith("denied")) throw denied;
            if (key.endsWith("gone")) await store.remove([key]);
            if (key.endsWith("longer")) await store.put(key, new Uint8Array(100));
            return await store.head(key);
          },
        }),
    });
    await put(one, ...["denied", "gone", "longer", "same"].map((name) => `audio/p1/${name}`));
    const adoption = await adopt(one);
    expect(adoption.progress.counts).toMatchObject({ adopted: 1, refused: 3 });
    expect(await refusals(one, adoption)).toEqual([
      "unreadable audio/p1/denied",
      "changed audio/p1/gone",
      "changed audio/p1/longer",
    ]);
  });

  it("gives a file the type of its object, where that may be the type of a file", async () => {
    const one = await service();
    for (const [name, type] of [
      ["a", "video/mp4"],
      ["b", "no type"],
      ["c", "x/\n"],
    ] as const) {
      const key = `audio/p1/${name}`;
      const uploadId = await one.objects.createUpload(key, type);
      const part = { body: only(utf8("x")), sizeBytes: 1 };
      const sent = await one.objects.uploadPart(key, uploadId, 1, part);
      await one.objects.completeUpload(key, uploadId, [sent]);
    }
    await adopt(one);
    const { items } = await one.services.files.list(ADMIN, "p1", { limit: 9 });
    const octets = "application/octet-stream";
    expect(items.map(({ contentType }) => contentType)).toEqual(["video/mp4", octets, octets]);
  });

  it("ends as not complete where the store cannot be listed, and says so", async () => {
    const denied = new StoreError("access-denied", "blocked", "no");
    const one = await service({
      wrap: (store) => withMethods<ObjectStore>(store, { list: () => Promise.reject(denied) }),
    });
    const { progress, completedAt } = await adopt(one);
    expect(progress).toMatchObject({ isListed: false, failure: { code: "access-denied" } });
    expect(completedAt).not.toBeNull();
  });

  it("is for administrators, and known by its id", async () => {
    const one = await service();
    const caller = { subject: "bob", rights: new Set(["projects:write"] as const) };
    await expect(one.services.adoptions.start(caller, {})).rejects.toMatchObject({
      code: "forbidden",
    });
    await expect(one.services.adoptions.get(ADMIN, "ADOPT-0")).rejects.toMatchObject({
      code: "adoption-not-found",
    });
  });
});

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

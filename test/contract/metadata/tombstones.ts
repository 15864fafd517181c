import { describe, expect, test } from "vitest";
import type { Project } from "../../../src/core/model.ts";
import type { Buried, Sealed, SealFacts } from "../../../src/ports/metadata/index.ts";
import {
  addFile,
  claim,
  complete,
  entryOf,
  type Fixture,
  goodEvidence,
  hashOf,
  type Held,
  LONG_MS,
  makeProject,
  newDeletionId,
  newProject,
  purging,
  seal,
  sealable,
  trash,
} from "./fixture.ts";

export function tombstonesContract(fixture: Fixture): void {
  describe("the newest tombstone", () => newest(fixture));
  describe("a project of an older database that has a tombstone", () => burying(fixture));
  describe("a receipt from before the database was restored", () => receipts(fixture));
}

const STARTED_AT = 1_700_000_000_000;

function buried(
  project: Pick<Project, "id" | "uid" | "owner">,
  values: Partial<Buried> = {},
): Buried {
  return {
    deletionId: newDeletionId(),
    projectId: project.id,
    projectUid: project.uid,
    owner: project.owner,
    requestedAt: STARTED_AT - 1000,
    requestedBy: "tester",
    purgeStartedAt: STARTED_AT,
    tombstoneKey: `.expunge/tombstones/x-${project.uid}.json`,
    salt: new Uint8Array(32).fill(3),
    receipt: null,
    ...values,
  };
}

/** From wherever it stands to the end. */
async function finish(
  fixture: Fixture,
  id: string,
  options: { readonly keys?: readonly string[]; readonly seal?: typeof seal } = {},
): Promise<Held> {
  const { store } = fixture;
  const { token, deletion } = await claim(fixture, id);
  const { keys = [] } = options;
  await store.recordFence(id, token);
  await store.recordPage(
    id,
    token,
    "canonical",
    keys.map((key) => entryOf(key)),
  );
  await store.advance(id, token, "swept");
  await store.recordEvidence(id, token, [await goodEvidence(fixture)]);
  while ((await store.eraseRows(id, token, 1000)) > 0);
  await store.completeDeletion(id, token, options.seal ?? seal);
  return { id, token, projectUid: deletion.projectUid };
}

function newest(fixture: Fixture): void {
  test("is that of the purge that began last, of those whose tombstone is written", async () => {
    const { store } = fixture;
    expect(await store.newestTombstone()).toBeNull();
    const first = await purging(fixture, (await makeProject(fixture)).uid);
    expect(await store.newestTombstone()).toBeNull();
    await store.recordTombstone(first.id, first.token, "one");
    const { purgeStartedAt } = (await store.findDeletion(first.id)) ?? {};
    expect(await store.newestTombstone()).toBe(purgeStartedAt);
    await purging(fixture, (await makeProject(fixture)).uid);
    expect(await store.newestTombstone()).toBe(purgeStartedAt);
  });
}

function burying(fixture: Fixture): void {
  test("is deleted again when its row is active, whatever it holds", async () => {
    const { store } = fixture;
    const project = await makeProject(fixture);
    await addFile(fixture, project.uid, "a");
    await store.placeHold(project.uid, "of the backup's time");
    const facts = buried(project);
    const deletion = await store.buryAgain(facts);
    expect(deletion).toMatchObject({
      id: facts.deletionId,
      projectUid: project.uid,
      state: "deleting",
      requestedAt: facts.requestedAt,
      requestedBy: "tester",
      purgeStartedAt: STARTED_AT,
      tombstoneKey: facts.tombstoneKey,
    });
    expect(await store.findProjectByUid(project.uid)).toMatchObject({
      state: "deleting",
      hold: null,
    });
    expect(await store.dueDeletions(10)).toEqual([facts.deletionId]);
    expect((await store.claimDeletion(facts.deletionId, LONG_MS))?.salt).toEqual(facts.salt);
  });

  test("goes on with its deletion when that waits in its grace", async () => {
    const { store } = fixture;
    const project = await makeProject(fixture);
    const { id } = await trash(fixture, project.uid, LONG_MS);
    const deletion = await store.buryAgain(buried(project, { deletionId: id }));
    expect(deletion).toMatchObject({ id, state: "deleting", purgeAfter: STARTED_AT });
    expect(await store.dueDeletions(10)).toEqual([id]);
    expect(await store.listDeletions({ limit: 10 })).toHaveLength(1);
  });

  test("ends a deletion in grace that was undone before the one of the tombstone", async () => {
    const { store } = fixture;
    const project = await makeProject(fixture);
    const { id } = await trash(fixture, project.uid, LONG_MS);
    const facts = buried(project);
    expect(await store.buryAgain(facts)).toMatchObject({ id: facts.deletionId });
    expect(await store.findDeletion(id)).toMatchObject({ state: "restored" });
    expect(await store.findDeletionOf(project.uid)).toMatchObject({ id: facts.deletionId });
  });

  test("is made when there is no row of it, and its id is taken then", async () => {
    const { store } = fixture;
    const lost = newProject();
    const facts = buried(lost);
    expect(await store.buryAgain(facts)).toMatchObject({ projectId: lost.id, owner: lost.owner });
    expect(await store.findProject(lost.id)).toMatchObject({ uid: lost.uid, state: "deleting" });
    await finish(fixture, facts.deletionId);
    expect(await store.findProject(lost.id)).toMatchObject({ state: "deleted" });
    expect(await store.findReceipt(lost.uid)).toMatchObject({ owner: lost.owner });
  });

  test("takes its uid for its id where another project has that by now", async () => {
    const { store } = fixture;
    const other = await makeProject(fixture);
    const lost = newProject({ id: other.id });
    const facts = buried(lost);
    expect(await store.buryAgain(facts)).toMatchObject({
      projectId: lost.uid,
      projectUid: lost.uid,
    });
    expect(await store.findProject(other.id)).toEqual(other);
  });

  test("is left alone while it is being deleted or when it is deleted", async () => {
    const { store } = fixture;
    const deleting = await makeProject(fixture);
    const held = await purging(fixture, deleting.uid);
    expect(await store.buryAgain(buried(deleting))).toBeNull();
    expect(await store.findDeletionOf(deleting.uid)).toMatchObject({ id: held.id });
    const deleted = await makeProject(fixture);
    await complete(fixture, await sealable(fixture, deleted.uid));
    expect(await store.buryAgain(buried(deleted))).toBeNull();
    expect(await store.listDeletions({ limit: 10 })).toHaveLength(2);
  });

  test("is buried once, also by several processes at once", async () => {
    const { store } = fixture;
    const facts = buried(newProject());
    const made = await Promise.all(Array.from({ length: 4 }, () => store.buryAgain(facts)));
    expect(made.filter((one) => one !== null)).toHaveLength(1);
    expect(await store.listDeletions({ limit: 10 })).toHaveLength(1);
  });
}

function receipts(fixture: Fixture): void {
  const old = (facts: Buried, sequence: number) => ({
    projectUid: facts.projectUid,
    deletionId: facts.deletionId,
    owner: facts.owner,
    sequence,
    jws: "the old receipt",
    hash: hashOf("the old receipt"),
    issuedAt: STARTED_AT + 5000,
  });
  const noSeal = (): Promise<Sealed> => Promise.reject(new Error("nothing was to be sealed"));

  test("stays the only one, and the chain goes on from it", async () => {
    const { store } = fixture;
    const facts = buried(newProject());
    const receipt = old(facts, 7);
    await store.buryAgain({ ...facts, receipt });
    expect(await store.findReceipt(facts.projectUid)).toEqual(receipt);
    expect(await store.uncopiedReceipts(10)).toEqual([]);
    await finish(fixture, facts.deletionId, { seal: noSeal });
    expect(await store.findReceipt(facts.projectUid)).toEqual(receipt);
    expect(await store.findDeletion(facts.deletionId)).toMatchObject({ state: "completed" });
    expect(await store.listAmendments(facts.projectUid)).toEqual([]);
    const next = await sealable(fixture, (await makeProject(fixture)).uid);
    await store.completeDeletion(next.id, next.token, async (sealing) => {
      expect(sealing).toMatchObject({ sequence: 8, previousHash: receipt.hash, amends: null });
      return { jws: "next", hash: hashOf("next") };
    });
  });

  test("is amended by what was found when its project was purged again", async () => {
    const { store } = fixture;
    const facts = buried(newProject());
    const receipt = old(facts, 1);
    await store.buryAgain({ ...facts, receipt });
    const sealing: SealFacts[] = [];
    await finish(fixture, facts.deletionId, {
      keys: ["a", "b"],
      seal: async (given) => {
        sealing.push(given);
        return { jws: "amendment", hash: hashOf("amendment") };
      },
    });
    expect(sealing).toMatchObject([{ amends: receipt.hash, leaves: 2, sequence: 2 }]);
    expect(await store.findReceipt(facts.projectUid)).toEqual(receipt);
    expect(await store.listAmendments(facts.projectUid)).toMatchObject([
      { sequence: 2, jws: "amendment", deletionId: facts.deletionId },
    ]);
  });

  test("is taken back for a project whose deletion was under way in the backup", async () => {
    const { store } = fixture;
    const project = await makeProject(fixture);
    const { id, token } = await purging(fixture, project.uid);
    const facts = buried(project, { deletionId: id });
    const receipt = old(facts, 1);
    expect(await store.buryAgain({ ...facts, receipt })).toBeNull();
    expect(await store.buryAgain({ ...facts, receipt })).toBeNull();
    expect(await store.findReceipt(project.uid)).toEqual(receipt);
    await store.releaseClaim(id, token);
    await finish(fixture, id, { seal: noSeal });
    expect(await store.findReceipt(project.uid)).toEqual(receipt);
  });

  test("is not taken back where the database gave its place in the chain to another", async () => {
    const { store } = fixture;
    const other = await sealable(fixture, (await makeProject(fixture)).uid);
    await complete(fixture, other);
    const facts = buried(newProject());
    await store.buryAgain({ ...facts, receipt: old(facts, 1) });
    expect(await store.findReceipt(facts.projectUid)).toBeNull();
    await finish(fixture, facts.deletionId);
    expect(await store.findReceipt(facts.projectUid)).toMatchObject({ sequence: 2 });
  });
}

import { MemoryMetadataStore } from "../../../src/adapters/memory/metadata-store.ts";
import { MemoryObjectStore } from "../../../src/adapters/memory/object-store.ts";
import type { AgeRule, AuditRange, Finding, KeyOrder } from "../../../src/core/audit.ts";
import { compareUtf8 } from "../../../src/core/encoding.ts";
import { DEFAULT_ID_FORMAT } from "../../../src/core/ids.ts";
import { canonicalKey, isInternalKey } from "../../../src/core/keys.ts";
import { createLayoutSet, explainKey, type LayoutSet } from "../../../src/core/layouts/index.ts";
import type { Project } from "../../../src/core/model.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import { judgePairs, type Judge, type Judgement } from "../../../src/services/audit/judging.ts";
import { stretchesOf } from "../../../src/services/audit/stretches.ts";
import { SystemRandom } from "../../../src/adapters/system-random.ts";
import {
  commit,
  complete,
  completing,
  keyOf,
  makeProject,
  newUid,
  next,
  purging,
  sealable,
  trash,
} from "../../contract/metadata/fixture.ts";

/** Judges everything. */
export const AT_ONCE: AgeRule = { startedAt: 0, minAgeMs: 0 };
export const AS_THEY_ARE: KeyOrder = { normalisation: "none" };

export class HandClock implements Clock {
  #now = 1_760_000_000_000;

  now(): number {
    return this.#now;
  }

  async sleep(durationMs: number): Promise<void> {
    this.#now += durationMs;
  }
}

/** A store and rows on one clock, and a project in every state. */
export interface World {
  readonly clock: HandClock;
  readonly store: MemoryMetadataStore;
  readonly objects: MemoryObjectStore;
  readonly layouts: LayoutSet;
  readonly projects: {
    readonly active: Project;
    readonly trashed: Project;
    readonly deleting: Project;
    readonly deleted: Project;
  };
  advance(ms: number): Promise<void>;
}

export async function world(options: { readonly pageMax?: number } = {}): Promise<World> {
  const clock = new HandClock();
  const store = new MemoryMetadataStore(clock);
  const pageKeys = options.pageMax === undefined ? {} : { pageKeys: options.pageMax };
  const objects = new MemoryObjectStore(clock, { random: new SystemRandom(), ...pageKeys });
  const fixture = { store, advance: (ms: number) => clock.sleep(ms) };
  const projects = {
    active: await makeProject(fixture),
    trashed: await makeProject(fixture),
    deleting: await makeProject(fixture),
    deleted: await makeProject(fixture),
  };
  await complete(fixture, await sealable(fixture, projects.deleted.uid));
  const legacy = { name: "legacy", template: "audio/{project}/**" };
  const layouts = createLayoutSet(DEFAULT_ID_FORMAT, [legacy]);
  return { ...fixture, clock, objects, layouts, projects };
}

/** What can be planted: the ways in which store and rows agree, and those in which they differ. */
export const PLANTS = [
  "file",
  "shared key",
  "removal",
  "removal without object",
  "upload",
  "upload with object",
  "internal",
  "orphan",
  "orphan of nobody",
  "legacy orphan",
  "residue",
  "legacy residue",
  "foreign",
  "dangling",
  "wrong size",
  "orphan while deleting",
  "dangling while deleting",
  "dangling while trashed",
] as const;
export type Plant = (typeof PLANTS)[number];

/** Puts all of them in place, then brings the projects into their states. */
export async function plantAll(one: World, plants: readonly Plant[]): Promise<void> {
  for (const plant of plants) await plantOne(one, plant);
  await trash(one, one.projects.trashed.uid, 3_600_000);
  await purging(one, one.projects.deleting.uid);
}

async function plantOne(one: World, plant: Plant): Promise<void> {
  const { active, trashed, deleting, deleted } = one.projects;
  const put = (key: string, size = 10): Promise<void> => one.objects.put(key, new Uint8Array(size));
  const n = next();
  switch (plant) {
    case "file":
      return await put(await fileIn(one, active));
    case "shared key": {
      const key = await fileIn(one, active);
      await commit(one, await completing(one, active.uid, { key }));
      return await put(key);
    }
    case "removal":
    case "removal without object": {
      const path = `removed-${n}`;
      const key = await fileIn(one, active, path);
      await one.store.removeFile(active.uid, path);
      if (plant === "removal") await put(key);
      return;
    }
    case "upload":
    case "upload with object": {
      const { key } = await completing(one, active.uid);
      if (plant === "upload with object") await put(key);
      return;
    }
    case "internal":
      return await put(`.expunge/receipts/${n}`);
    case "orphan":
      return await put(canonicalKey(active.uid, newUid()));
    case "orphan of nobody":
      return await put(canonicalKey(newUid(), newUid()));
    case "legacy orphan":
      return await put(`audio/${trashed.id}/${n}`);
    case "residue":
      return await put(canonicalKey(deleted.uid, newUid()));
    case "legacy residue":
      return await put(`audio/${deleted.id}/${n}`);
    case "foreign":
      return await put(`strange/${n} \u{1f600}`);
    case "dangling":
      return void (await fileIn(one, active));
    case "wrong size":
      return await put(await fileIn(one, active), 11);
    case "orphan while deleting":
      return await put(canonicalKey(deleting.uid, newUid()));
    case "dangling while deleting":
      return void (await fileIn(one, deleting));
    case "dangling while trashed":
      return void (await fileIn(one, trashed));
  }
}

/** A file's row of 10 bytes; its key. */
async function fileIn(one: World, project: Project, path = `p-${next()}`): Promise<string> {
  const upload = await completing(one, project.uid, { path, sizeBytes: 10, direct: false });
  return keyOf((await commit(one, upload)).file);
}

type Short = Pick<Finding, "kind" | "key" | "projectUid" | "sizeBytes" | "rowBytes">;

const WHOLE = { from: { objectKey: null, row: null }, until: null };

/** The findings of a comparison, in order, and what it counted in each stretch. */
export async function audited(
  context: Judge["context"],
  age: AgeRule,
  order: KeyOrder,
  ranges: readonly Pick<AuditRange, "from" | "until">[] = [WHOLE],
): Promise<{
  readonly findings: readonly Short[];
  readonly counts: readonly Judgement["counts"][];
}> {
  const judge = { context, order, age };
  const findings: Short[] = [];
  const counts: Judgement["counts"][] = [];
  for (const range of ranges) {
    for await (const { from, pairs } of stretchesOf(context, order, range)) {
      const judged = await judgePairs(judge, from.objectKey, pairs);
      findings.push(...judged.findings);
      counts.push(judged.counts);
    }
  }
  return { findings: sorted(findings), counts };
}

/** The same, by holding everything against everything at once. */
export function naive(one: World): readonly Short[] {
  const { rows } = one.store.view();
  const view = one.objects.view();
  const findings: Short[] = [];
  const states = new Map([...rows.projects.values()].map(({ uid, state }) => [uid, state]));
  const named = new Set(rows.removals.keys());
  for (const { upload } of rows.uploads.values()) named.add(upload.key);
  for (const file of [...rows.files.values()].flatMap((files) => [...files.values()])) {
    const { key, projectUid, sizeBytes: rowBytes } = file;
    if (key === null) continue;
    named.add(key);
    const sizeBytes = view.bytesOf(key)?.length ?? null;
    const isDangling = sizeBytes === null && states.get(projectUid) !== "deleting";
    if (isDangling) findings.push({ kind: "dangling", key, projectUid, sizeBytes, rowBytes });
    if (sizeBytes !== null && sizeBytes !== rowBytes) {
      findings.push({ kind: "mismatched", key, projectUid, sizeBytes, rowBytes });
    }
  }
  for (const key of view.keysBelow("")) {
    if (named.has(key) || isInternalKey(key)) continue;
    const owner = explainKey(one.layouts, key);
    const sizeBytes = view.bytesOf(key)?.length ?? null;
    if (owner === null) {
      findings.push({ kind: "foreign", key, projectUid: null, sizeBytes, rowBytes: null });
      continue;
    }
    const projectUid =
      "projectUid" in owner
        ? owner.projectUid
        : ([...rows.projects.values()].find(({ id }) => id === owner.projectId)?.uid ?? null);
    const state = states.get(projectUid ?? "");
    if (state === "deleting") continue;
    const kind = state === "deleted" ? "residue-of-deleted" : "orphan";
    findings.push({ kind, key, projectUid, sizeBytes, rowBytes: null });
  }
  return sorted(findings);
}

function sorted(findings: readonly Short[]): readonly Short[] {
  return findings
    .map(({ kind, key, projectUid, sizeBytes, rowBytes }) => ({
      kind,
      key,
      projectUid,
      sizeBytes,
      rowBytes,
    }))
    .toSorted((a, b) => compareUtf8(a.key, b.key));
}

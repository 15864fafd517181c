import {
  type AgeRule,
  type AuditCounts,
  compareKeys,
  type Finding,
  isYoung,
  judgeUnnamed,
  type KeyOrder,
  sameForm,
  spellingsOf,
} from "../../core/audit.ts";
import { isQuarantineKey } from "../../core/keys.ts";
import { explainKey } from "../../core/layouts/index.ts";
import { LIMITS } from "../../core/limits.ts";
import type { ProjectState } from "../../core/model.ts";
import type { StoredFile } from "../../ports/metadata/index.ts";
import type { ObjectEntry } from "../../ports/object-store.ts";
import type { Context } from "../context.ts";
import { objectPages } from "../listing.ts";
import { inPool } from "../pool.ts";
import { isObjectThere, orUnknown } from "../presence.ts";
import type { Pair } from "./join.ts";

/** What judging needs: the stores and the layouts, and by which rules. */
export interface Judge {
  readonly context: Pick<Context, "store" | "metadata" | "layouts">;
  readonly order: KeyOrder;
  readonly age: AgeRule;
  readonly signal?: AbortSignal;
}

export interface Judgement {
  readonly findings: readonly Finding[];
  readonly counts: Partial<AuditCounts>;
}

/**
 * Judges what the join found within one stretch of keys. Whatever differs is looked at a second time:
 * first the rows, then the store. A row is there before its object and goes after it, and keys are never
 * used twice; so an object that no row names, and that is listed still, was never half of a write.
 * @param from where the listing of these pairs began
 */
export async function judgePairs(
  judge: Judge,
  from: string | null,
  pairs: readonly Pair[],
): Promise<Judgement> {
  const unnamed: ObjectEntry[] = [];
  const missing: StoredFile[] = [];
  const unequal: StoredFile[] = [];
  let young = 0;
  for (const { object, row } of pairs) {
    if (object !== null && row !== null && object.sizeBytes === row.sizeBytes) continue;
    const at = Math.max(object?.modifiedAt ?? 0, row?.updatedAt ?? 0);
    if (isYoung(judge.age, at)) young++;
    else if (row === null) unnamed.push(...(object === null ? [] : [object]));
    else if (object === null) missing.push(row);
    else unequal.push(row);
  }
  const lost = await danglingOf(judge, missing);
  const others = await secondLook(judge, from, unnamed, unequal);
  return {
    findings: [...lost.findings, ...others.findings],
    counts: { young, unknown: lost.unknown, ...others.counts },
  };
}

/** Rows whose object a look at this very key does not find, and that are there afterwards still. */
async function danglingOf(
  judge: Judge,
  rows: readonly StoredFile[],
): Promise<{ readonly findings: readonly Finding[]; readonly unknown: number }> {
  const gone: StoredFile[] = [];
  let unknown = 0;
  const { context, signal } = judge;
  await inPool(LIMITS.auditLooksInFlight, async (add) => {
    for (const row of rows) {
      await add(async () => {
        const there = await orUnknown(isObjectThere(context, row.key, signal), signal);
        if (there === null) unknown++;
        else if (!there) gone.push(row);
      });
    }
  });
  const findings: Finding[] = [];
  for (const row of await stillNamed(judge, gone)) {
    const state = await stateOf(judge, row.projectUid);
    // From `deleting` on objects go before their rows, and the deletion accounts for both (R9).
    if (state !== "active" && state !== "trashed") continue;
    findings.push(findingOf("dangling", row));
  }
  return { findings, unknown };
}

/** Those of these rows that are there now: a key's row may be gone, or be another file's. */
export async function stillNamed(
  { context }: Judge,
  rows: readonly StoredFile[],
): Promise<readonly StoredFile[]> {
  if (rows.length === 0) return [];
  const uids = new Set(rows.map(({ fileUid }) => fileUid));
  const now = await context.metadata.findStoredFiles(rows.map(({ key }) => key));
  return now.filter(({ fileUid }) => uids.has(fileUid));
}

/** Unnamed objects and those of another size than their row says, once more: rows first, then store. */
async function secondLook(
  judge: Judge,
  from: string | null,
  unnamed: readonly ObjectEntry[],
  unequal: readonly StoredFile[],
): Promise<Judgement> {
  const { suspects, counts } = await suspectsOf(judge, unnamed);
  const rows = await stillNamed(judge, unequal);
  const keys = [...suspects.keys(), ...rows.map(({ key }) => key)];
  if (keys.length === 0) return { findings: [], counts };
  const listed = await relist(judge, from, keys);
  const findings: Finding[] = [];
  for (const [key, suspect] of suspects) {
    const object = listed.get(sameForm(judge.order, key));
    if (object) findings.push({ ...suspect, ...factsOf(object) });
  }
  for (const row of rows) {
    const object = listed.get(sameForm(judge.order, row.key));
    if (!object || object.sizeBytes === row.sizeBytes) continue;
    findings.push({ ...findingOf("mismatched", row), ...factsOf(object), mismatch: "size" });
  }
  return { findings, counts };
}

function factsOf({
  sizeBytes,
  modifiedAt,
}: ObjectEntry): Pick<Finding, "sizeBytes" | "modifiedAt"> {
  return { sizeBytes, modifiedAt };
}

/** Unnamed objects that no row names now either, with what they are then, and those in quarantine. */
async function suspectsOf(
  judge: Judge,
  objects: readonly ObjectEntry[],
): Promise<{
  readonly suspects: ReadonlyMap<string, Finding>;
  readonly counts: Pick<AuditCounts, "quarantined" | "quarantinedBytes">;
}> {
  const suspects = new Map<string, Finding>();
  const counts = { quarantined: 0, quarantinedBytes: 0 };
  if (objects.length === 0) return { suspects, counts };
  const spellings = objects.flatMap(({ key }) => spellingsOf(judge.order, key));
  const named = await judge.context.metadata.whichNamed(spellings);
  const owners = new Owners(judge);
  for (const object of objects) {
    const { key } = object;
    if (spellingsOf(judge.order, key).some((spelling) => named.has(spelling))) continue;
    const { state, projectUid } = await owners.of(key);
    const kind = judgeUnnamed(state);
    if (kind === null) continue;
    if (kind === "orphan" && state !== "unknown" && isQuarantineKey(key)) {
      counts.quarantined++;
      counts.quarantinedBytes += object.sizeBytes;
    } else suspects.set(key, { ...NO_ROW, kind, key, projectUid, ...factsOf(object) });
  }
  return { suspects, counts };
}

/** What a finding says where there is no row. */
export const NO_ROW = { uploadId: null, fileUid: null, rowBytes: null, mismatch: null } as const;

interface Owner {
  readonly state: ProjectState | "unknown" | null;
  readonly projectUid: string | null;
}

/** To whom keys belong: each project is looked up once in a stretch of keys, where it stands together. */
export class Owners {
  readonly #judge: Judge;
  readonly #seen = new Map<string, Owner>();

  constructor(judge: Judge) {
    this.#judge = judge;
  }

  async of(key: string): Promise<Owner> {
    const { layouts, metadata } = this.#judge.context;
    const explanation = explainKey(layouts, key);
    if (explanation === null) return { state: null, projectUid: null };
    const isCanonical = "projectUid" in explanation;
    const id = isCanonical ? explanation.projectUid : explanation.projectId;
    const seen = this.#seen.get(id);
    if (seen) return seen;
    const project = isCanonical
      ? await metadata.findProjectByUid(id)
      : await metadata.findProject(id);
    const uid = isCanonical ? id : (project?.uid ?? null);
    const owner: Owner = { state: project?.state ?? "unknown", projectUid: uid };
    this.#seen.set(id, owner);
    return owner;
  }
}

async function stateOf({ context }: Judge, uid: string): Promise<ProjectState | null> {
  return (await context.metadata.findProjectByUid(uid))?.state ?? null;
}

/**
 * What a new listing of the same stretch shows of these keys, by the form in which they are equal: one
 * request for a thousand of them (R6).
 */
async function relist(
  { context, order, signal }: Judge,
  from: string | null,
  keys: readonly string[],
): Promise<ReadonlyMap<string, ObjectEntry>> {
  const wanted = new Set(keys.map((key) => sameForm(order, key)));
  const [end = ""] = keys.toSorted((a, b) => compareKeys(order, b, a));
  const found = new Map<string, ObjectEntry>();
  for await (const entries of objectPages(context, "", signal, from ?? undefined)) {
    for (const entry of entries) {
      const form = sameForm(order, entry.key);
      if (wanted.has(form)) found.set(form, entry);
    }
    const last = entries.at(-1);
    if (last !== undefined && compareKeys(order, last.key, end) >= 0) break;
  }
  return found;
}

/** A finding of a row, without an object. */
export function findingOf(kind: "dangling" | "mismatched", row: StoredFile): Finding {
  return {
    kind,
    key: row.key,
    uploadId: null,
    projectUid: row.projectUid,
    fileUid: row.fileUid,
    sizeBytes: null,
    rowBytes: row.sizeBytes,
    modifiedAt: row.updatedAt,
    mismatch: null,
  };
}

import { addAdoptions, byProject, judgeAdoption } from "../../../core/adoption.ts";
import { compareUtf8 } from "../../../core/encoding.ts";
import type { Project } from "../../../core/model.ts";
import {
  type AdoptedProject,
  type Adoption,
  type AdoptionStep,
  type NewRun,
  type Run,
  type RunClaim,
  type RunKind,
  type RunNote,
  type RunOfKind,
  StaleClaimError,
  type StoredNote,
} from "../../../ports/metadata/index.ts";
import { dueIds, eraseWhere, heldBy, isDue } from "./leases.ts";
import { createProject, findProject } from "./projects.ts";
import { byBytes, filesOf, projectOf, type Tx } from "./state.ts";
import { whichNamed } from "./stored-files.ts";
import type { RunRow } from "./work-rows.ts";

export function createRun<K extends RunKind>(tx: Tx, input: NewRun<K>): RunOfKind<K> {
  if (tx.rows.runs.has(input.id)) throw new Error(`run ${input.id} exists already`);
  const rest = { requestedAt: tx.now, attempts: 0, completedAt: null };
  const run: Run = { ...input, ...rest } as Run;
  tx.rows.runs.set(run.id, {
    run,
    token: 0,
    leaseUntil: 0,
    notes: [],
    noted: 0,
    projects: new Map(),
  });
  return run as RunOfKind<K>;
}

export function findRun(tx: Tx, id: string): Run | null {
  return tx.rows.runs.get(id)?.run ?? null;
}

export function dueRuns(tx: Tx, limit: number): readonly string[] {
  return dueIds(tx, tx.rows.runs, workOf, limit);
}

function workOf({ run }: RunRow): Run {
  return run;
}

export function claimRun(tx: Tx, id: string, leaseMs: number): RunClaim | null {
  const row = tx.rows.runs.get(id);
  if (!row || !isDue(tx, row, workOf(row))) return null;
  row.token++;
  row.leaseUntil = tx.now + leaseMs;
  row.run = { ...row.run, attempts: row.run.attempts + 1 };
  return { run: row.run, token: row.token };
}

function held(tx: Tx, id: string, token: number): RunRow | null {
  return heldBy(tx.rows.runs.get(id), workOf, token);
}

/** @throws StaleClaimError */
function written(tx: Tx, id: string, token: number): RunRow {
  const row = held(tx, id, token);
  if (row) return row;
  throw new StaleClaimError(`claim ${token} on ${id} is not the newest, or it has ended`);
}

export function extendRun(tx: Tx, id: string, token: number, leaseMs: number): boolean {
  const row = held(tx, id, token);
  if (row) row.leaseUntil = tx.now + leaseMs;
  return row !== null;
}

export function releaseRun(tx: Tx, id: string, token: number): void {
  extendRun(tx, id, token, 0);
}

export function endRun(tx: Tx, id: string, token: number, progress: Run["progress"]): Run {
  const row = written(tx, id, token);
  row.run = { ...row.run, progress, completedAt: tx.now } as Run;
  return row.run;
}

function addNotes(row: RunRow, notes: readonly RunNote[]): void {
  for (const note of notes) row.notes.push({ ...note, ordinal: ++row.noted });
}

/** The run, with notes added. @throws StaleClaimError */
export function noteRun(tx: Tx, id: string, token: number, notes: readonly RunNote[]): RunRow {
  const row = written(tx, id, token);
  addNotes(row, notes);
  return row;
}

export function listNotes(
  tx: Tx,
  id: string,
  { limit, after = 0 }: { readonly limit: number; readonly after?: number },
): readonly StoredNote[] {
  const notes = tx.rows.runs.get(id)?.notes ?? [];
  return notes.filter(({ ordinal }) => ordinal > after).slice(0, limit);
}

/** What runs have to say of a project goes with the project's rows (R7). */
export function eraseNotes(tx: Tx, projectId: string, limit: number): number {
  const lists = tx.rows.runs.values().map(({ notes }) => notes);
  return eraseWhere(lists, (note) => note.projectId === projectId, limit);
}

export function forgetRuns(tx: Tx, keptMs: number): number {
  const old = [...tx.rows.runs.values()].filter(
    ({ run }) =>
      run.completedAt !== null && run.completedAt + keptMs <= tx.now && !holdsAny(tx, run.id),
  );
  for (const { run } of old) tx.rows.runs.delete(run.id);
  return old.length;
}

/** One that holds objects is needed to finish or to undo it. */
function holdsAny(tx: Tx, id: string): boolean {
  return tx.rows.removals.values().some(({ copied }) => copied?.heldBy === id);
}

export function recordAdoption(tx: Tx, id: string, token: number, step: AdoptionStep): Adoption {
  const row = written(tx, id, token);
  const made = isDry(row) ? new Set<string>() : makeProjects(tx, step.projects);
  const owners = ownersOf(tx, step);
  const isNew = (projectId: string): boolean =>
    isDry(row) ? !owners.has(projectId) : made.has(projectId);
  const named = whichNamed(
    tx,
    step.files.map(({ key }) => key),
  );
  const { adopted, known, refused } = judgeAdoption(step.files, {
    stateOf: (projectId) => owners.get(projectId)?.state ?? null,
    isNamed: (key) => named.has(key),
    isTaken: (projectId, path) => {
      const owner = owners.get(projectId);
      return owner !== undefined && filesOf(tx, owner.uid).has(path);
    },
  });
  const added = addToProjects(row, byProject(adopted), isNew);
  if (!isDry(row)) insertFiles(tx, adopted, owners);
  addNotes(row, step.notes);
  addNotes(
    row,
    refused.map(({ file: { key, projectId }, code }) => ({ key, projectId, code })),
  );
  const counts = addAdoptions(step.progress.counts, {
    adopted: adopted.length,
    adoptedBytes: adopted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    known,
    refused: refused.length,
    ...added,
  });
  if (row.run.kind !== "adoption") throw new Error(`${id} is no adoption`);
  row.run = { ...row.run, progress: { ...step.progress, counts } };
  return row.run;
}

function isDry({ run }: RunRow): boolean {
  return run.request.dryRun;
}

/** Answers how many projects are new to the run, and how many of those were made for it. */
function addToProjects(
  row: RunRow,
  sums: ReturnType<typeof byProject>,
  isNew: (projectId: string) => boolean,
): { readonly projects: number; readonly newProjects: number } {
  let [projects, newProjects] = [0, 0];
  for (const [projectId, { objects, bytes }] of sums) {
    const before = row.projects.get(projectId);
    if (before) {
      before.objects += objects;
      before.bytes += bytes;
      continue;
    }
    projects++;
    if (isNew(projectId)) newProjects++;
    row.projects.set(projectId, { projectId, isNew: isNew(projectId), objects, bytes });
  }
  return { projects, newProjects };
}

function makeProjects(tx: Tx, projects: AdoptionStep["projects"]): ReadonlySet<string> {
  const made = new Set<string>();
  for (const { id, uid, owner } of projects) {
    if (findProject(tx, id)) continue;
    const rest = { name: id, metadata: {}, quotaBytes: null, ttlMs: null, expiresAt: null };
    createProject(tx, { id, uid, owner, ...rest });
    made.add(id);
  }
  return made;
}

function ownersOf(tx: Tx, { files }: AdoptionStep): ReadonlyMap<string, Project> {
  const owners = new Map<string, Project>();
  for (const id of new Set(files.map(({ projectId }) => projectId))) {
    const project = findProject(tx, id);
    if (project) owners.set(id, project);
  }
  return owners;
}

function insertFiles(
  tx: Tx,
  files: AdoptionStep["files"],
  owners: ReadonlyMap<string, Project>,
): void {
  for (const { fileUid, projectId, path, key, sizeBytes, contentType, etag, modifiedAt } of files) {
    const projectUid = owners.get(projectId)?.uid ?? "";
    const since = Math.min(modifiedAt, tx.now);
    filesOf(tx, projectUid).set(path, {
      uid: fileUid,
      projectUid,
      path,
      key,
      sizeBytes,
      contentType,
      etag,
      sha256: null,
      createdAt: since,
      updatedAt: since,
      metadata: {},
    });
    const project = projectOf(tx, projectUid);
    tx.rows.projects.set(projectUid, {
      ...project,
      fileCount: project.fileCount + 1,
      sizeBytes: project.sizeBytes + sizeBytes,
    });
  }
}

export function listAdoptedProjects(
  tx: Tx,
  id: string,
  { limit, after }: { readonly limit: number; readonly after?: string },
): readonly AdoptedProject[] {
  return [...(tx.rows.runs.get(id)?.projects.values() ?? [])]
    .filter(({ projectId }) => after === undefined || compareUtf8(projectId, after) > 0)
    .sort(byBytes(({ projectId }) => projectId))
    .slice(0, limit);
}

import { sql } from "kysely";
import { type AdoptableFile, addAdoptions, byProject, judgeAdoption } from "../../core/adoption.ts";
import type { Instant, ProjectState } from "../../core/model.ts";
import {
  type AdoptedProject,
  type Adoption,
  type AdoptionStep,
  StaleClaimError,
} from "../../ports/metadata/index.ts";
import { numbers, texts } from "./columns.ts";
import { addNotes, adoptionFrom, writeRun } from "./runs.ts";
import type { RunRow } from "./schema-runs.ts";
import { cursor, readNow, type Session } from "./session.ts";
import { whichNamed } from "./stored-files.ts";

interface Owner {
  readonly id: string;
  readonly uid: string;
  readonly state: ProjectState;
}

export async function recordAdoption(
  session: Session,
  id: string,
  token: number,
  step: AdoptionStep,
): Promise<Adoption> {
  const run = await heldRun(session, id, token);
  const { isDryRun } = run;
  const ids = [...new Set(step.files.map(({ projectId }) => projectId))].sort();
  const made = isDryRun ? new Set<string>() : await makeProjects(session, step.projects);
  const owners = await lockOwners(session, ids, isDryRun);
  const { adopted, known, refused } = await judge(session, step.files, owners);
  if (!isDryRun) await insertFiles(session, adopted, owners);
  const isNew = (projectId: string): boolean =>
    isDryRun ? !owners.has(projectId) : made.has(projectId);
  const added = await addToProjects(session, run.number, adopted, isNew);
  const notes = refused.map(({ file: { key, projectId }, code }) => ({ key, projectId, code }));
  await addNotes(session, run.number, [...step.notes, ...notes]);
  const counts = addAdoptions(step.progress.counts, {
    adopted: adopted.length,
    adoptedBytes: adopted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    known,
    refused: refused.length,
    ...added,
  });
  return adoptionFrom(await writeRun(session, id, token, { ...step.progress, counts }));
}

/** Without a lock: projects are locked first, and the last statement of the step looks once more. */
async function heldRun(
  { db }: Session,
  id: string,
  token: number,
): Promise<{ readonly number: number; readonly isDryRun: boolean }> {
  const row: RunRow | undefined = await db
    .selectFrom("expunge.runs")
    .selectAll()
    .where("id", "=", id)
    .where("token", "=", token)
    .where("completed_at", "is", null)
    .executeTakeFirst();
  if (row) return { number: row.number, isDryRun: row.request.dryRun };
  throw new StaleClaimError(`claim ${token} on ${id} is not the newest, or it has ended`);
}

/** In the order of their ids, so that two adoptions do not wait for each other in a circle. */
async function makeProjects(
  session: Session,
  projects: AdoptionStep["projects"],
): Promise<ReadonlySet<string>> {
  if (projects.length === 0) return new Set();
  const now = await readNow(session);
  const { rows } = await sql<{ id: string }>`
    insert into expunge.projects
      (uid, id, name, owner, state, file_count, size_bytes, created_at, metadata)
    select uid, id, id, owner, 'active', 0, 0, ${now}::bigint, '{}'
    from unnest(
      ${texts(projects.map(({ uid }) => uid))}, ${texts(projects.map((one) => one.id))},
      ${texts(projects.map(({ owner }) => owner))}
    ) as one(uid, id, owner)
    order by id collate "C"
    on conflict do nothing
    returning id`.execute(session.db);
  return new Set(rows.map(({ id }) => id));
}

async function lockOwners(
  { db }: Session,
  ids: readonly string[],
  isDryRun: boolean,
): Promise<ReadonlyMap<string, Owner>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<Owner>`
    select id, uid, state from expunge.projects
    where id = any(${texts(ids)}) order by uid
    ${isDryRun ? sql`` : sql`for update`}`.execute(db);
  return new Map(rows.map((row) => [row.id, row]));
}

async function judge(
  session: Session,
  files: readonly AdoptableFile[],
  owners: ReadonlyMap<string, Owner>,
): Promise<ReturnType<typeof judgeAdoption>> {
  const named = await whichNamed(
    session,
    files.map(({ key }) => key),
  );
  const owned = files.filter(({ projectId }) => owners.has(projectId));
  const { rows } = await sql<{ id: string; path: string }>`
    select asked.id, asked.path
    from unnest(
      ${texts(owned.map(({ projectId }) => projectId))},
      ${texts(owned.map(({ projectId }) => owners.get(projectId)?.uid ?? null))},
      ${texts(owned.map(({ path }) => path))}
    ) as asked(id, uid, path)
    join expunge.files as file on file.project_uid = asked.uid and file.path = asked.path`.execute(
    session.db,
  );
  const taken = new Set(rows.map(({ id, path }) => `${id}/${path}`));
  return judgeAdoption(files, {
    stateOf: (projectId) => owners.get(projectId)?.state ?? null,
    isNamed: (key) => named.has(key),
    isTaken: (projectId, path) => taken.has(`${projectId}/${path}`),
  });
}

async function insertFiles(
  session: Session,
  files: readonly AdoptableFile[],
  owners: ReadonlyMap<string, Owner>,
): Promise<void> {
  if (files.length === 0) return;
  const { db } = session;
  const now: Instant = await readNow(session);
  const uidOf = (id: string): string | null => owners.get(id)?.uid ?? null;
  await sql`
    insert into expunge.files
      (uid, project_uid, path, key, size_bytes, content_type, etag, created_at, updated_at, metadata)
    select uid, project, path, key, size, type, etag, since, since, '{}'
    from unnest(
      ${texts(files.map(({ fileUid }) => fileUid))},
      ${texts(files.map(({ projectId }) => uidOf(projectId)))},
      ${texts(files.map(({ path }) => path))}, ${texts(files.map(({ key }) => key))},
      ${numbers(files.map(({ sizeBytes }) => sizeBytes))},
      ${texts(files.map(({ contentType }) => contentType))},
      ${texts(files.map(({ etag }) => etag))},
      ${numbers(files.map(({ modifiedAt }) => Math.min(modifiedAt, now)))}
    ) as one(uid, project, path, key, size, type, etag, since)`.execute(db);
  const sums = [...byProject(files)];
  await sql`
    update expunge.projects as project
    set file_count = file_count + sum.objects, size_bytes = size_bytes + sum.bytes
    from unnest(
      ${texts(sums.map(([id]) => uidOf(id)))},
      ${numbers(sums.map(([, { objects }]) => objects))},
      ${numbers(sums.map(([, { bytes }]) => bytes))}
    ) as sum(uid, objects, bytes)
    where project.uid = sum.uid`.execute(db);
}

/** Answers how many projects are new to the run, and how many of those were made for it. */
async function addToProjects(
  { db }: Session,
  run: number,
  files: readonly AdoptableFile[],
  isNew: (projectId: string) => boolean,
): Promise<{ readonly projects: number; readonly newProjects: number }> {
  const sums = [...byProject(files)];
  if (sums.length === 0) return { projects: 0, newProjects: 0 };
  const ids = texts(sums.map(([id]) => id));
  const { rows } = await sql<{ isNew: boolean }>`
    insert into expunge.adopted_projects (run, project_id, is_new, objects, bytes)
    select ${run}, id, is_new, 0, 0
    from unnest(${ids}, ${sql.val(sums.map(([id]) => isNew(id)))}::boolean[]) as one(id, is_new)
    on conflict do nothing
    returning is_new as "isNew"`.execute(db);
  await sql`
    update expunge.adopted_projects as one
    set objects = one.objects + sum.objects, bytes = one.bytes + sum.bytes
    from unnest(
      ${ids}, ${numbers(sums.map(([, { objects }]) => objects))},
      ${numbers(sums.map(([, { bytes }]) => bytes))}
    ) as sum(id, objects, bytes)
    where one.run = ${run} and one.project_id = sum.id`.execute(db);
  return { projects: rows.length, newProjects: rows.filter((row) => row.isNew).length };
}

export async function listAdoptedProjects(
  { db }: Session,
  id: string,
  { limit, after }: { readonly limit: number; readonly after?: string },
): Promise<readonly AdoptedProject[]> {
  const later = after === undefined ? sql`true` : sql`project_id > ${cursor(after)}`;
  const { rows } = await sql<AdoptedProject>`
    select project_id as "projectId", is_new as "isNew", objects, bytes
    from expunge.adopted_projects
    where run = (select number from expunge.runs where id = ${id}) and ${later}
    order by project_id limit ${limit}`.execute(db);
  return rows;
}

import type { Hold, Instant, Project } from "../../../core/model.ts";
import type { NewProject, ProjectPatch, ProjectQuery } from "../../../ports/metadata/index.ts";
import { compareUtf8 } from "../../../core/encoding.ts";
import { recordIdempotent, refuseUsedKey } from "./idempotency.ts";
import { activeProject, byBytes, projectOf, refusal, type Tx } from "./state.ts";

export function createProject(tx: Tx, input: NewProject): Project {
  refuseUsedKey(tx, input.idempotent);
  // Deleted projects keep their row (R7), so their ids are taken too.
  if (findProject(tx, input.id) || tx.rows.projects.has(input.uid)) {
    throw refusal("project-exists", `There is or was a project '${input.id}'.`);
  }
  recordIdempotent(tx, input.idempotent, { projectUid: input.uid, resource: input.uid });
  const project: Project = {
    id: input.id,
    uid: input.uid,
    name: input.name,
    owner: input.owner,
    state: "active",
    fileCount: 0,
    sizeBytes: 0,
    quotaBytes: input.quotaBytes,
    createdAt: tx.now,
    expiresAt: input.expiresAt ?? (input.ttlMs === null ? null : tx.now + input.ttlMs),
    hold: null,
    metadata: structuredClone(input.metadata),
  };
  tx.rows.projects.set(project.uid, project);
  return project;
}

export function findProject(tx: Tx, id: string): Project | null {
  return tx.rows.projects.values().find((project) => project.id === id) ?? null;
}

export function findProjectByUid(tx: Tx, uid: string): Project | null {
  return tx.rows.projects.get(uid) ?? null;
}

export function listProjects(tx: Tx, query: ProjectQuery): readonly Project[] {
  const { owner, state, namePrefix = "", after, limit } = query;
  return [...tx.rows.projects.values()]
    .filter(
      (project) =>
        (owner === undefined || project.owner === owner) &&
        (state === undefined ? project.state !== "deleted" : project.state === state) &&
        project.name.startsWith(namePrefix) &&
        (after === undefined || compareUtf8(project.uid, after) > 0),
    )
    .sort(byBytes(({ uid }) => uid))
    .slice(0, limit);
}

export function expiredProjects(tx: Tx, limit: number): readonly Project[] {
  return [...tx.rows.projects.values()]
    .filter((project) => isExpired(project, tx.now))
    .sort((a, b) => (a.expiresAt ?? 0) - (b.expiresAt ?? 0) || compareUtf8(a.uid, b.uid))
    .slice(0, limit);
}

/** The one rule of what may be deleted unasked, for the scan and for the deletion (R8). */
export function isExpired({ state, hold, expiresAt }: Project, now: Instant): boolean {
  return state === "active" && hold === null && expiresAt !== null && expiresAt <= now;
}

export function whichClosed(tx: Tx, uids: readonly string[]): ReadonlySet<string> {
  const closed = (uid: string): boolean => {
    const state = tx.rows.projects.get(uid)?.state;
    return state === "deleting" || state === "deleted";
  };
  return new Set(uids.filter(closed));
}

export function updateProject(tx: Tx, uid: string, patch: ProjectPatch): Project {
  const project = activeProject(tx, uid);
  const { name, metadata, quotaBytes, expiresAt } = patch;
  const updated: Project = {
    ...project,
    ...(name === undefined ? {} : { name }),
    ...(metadata === undefined ? {} : { metadata: structuredClone(metadata) }),
    ...(quotaBytes === undefined ? {} : { quotaBytes }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
  tx.rows.projects.set(uid, updated);
  return updated;
}

export function placeHold(tx: Tx, uid: string, reason: string): Hold {
  const project = projectOf(tx, uid);
  if (project.state !== "active" && project.state !== "trashed") {
    throw refusal("not-holdable", `The project is ${project.state}.`);
  }
  const hold: Hold = { reason, placedAt: project.hold?.placedAt ?? tx.now };
  tx.rows.projects.set(uid, { ...project, hold });
  return hold;
}

export function releaseHold(tx: Tx, uid: string, graceMs: number): void {
  const project = projectOf(tx, uid);
  if (!project.hold) return;
  const notOverdue = (instant: Instant): Instant =>
    instant <= tx.now ? tx.now + graceMs : instant;
  const { expiresAt } = project;
  tx.rows.projects.set(uid, {
    ...project,
    hold: null,
    expiresAt: expiresAt === null ? null : notOverdue(expiresAt),
  });
  for (const deletion of tx.rows.deletions.values()) {
    if (deletion.projectUid !== uid || deletion.state !== "trashed") continue;
    deletion.purgeAfter = notOverdue(deletion.purgeAfter);
  }
}

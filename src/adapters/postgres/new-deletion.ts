import type { Insertable } from "kysely";
import type { Deletion, Project } from "../../core/model.ts";
import type { DeletionRequest } from "../../ports/metadata/index.ts";
import type { DeletionsTable } from "./schema.ts";

/** A deletion on which nobody has worked yet. */
export function newDeletion(
  { id, requestedBy, salt }: Pick<DeletionRequest, "id" | "requestedBy" | "salt">,
  project: Pick<Project, "id" | "uid" | "owner">,
  { state, requestedAt, purgeAfter }: Pick<Deletion, "state" | "requestedAt" | "purgeAfter">,
): Insertable<DeletionsTable> {
  return {
    id,
    project_uid: project.uid,
    project_id: project.id,
    owner: project.owner,
    state,
    requested_at: requestedAt,
    requested_by: requestedBy,
    purge_after: purgeAfter,
    attempts: 0,
    token: 0,
    lease_until: 0,
    revision: 0,
    salt,
    evidence: "[]",
  };
}

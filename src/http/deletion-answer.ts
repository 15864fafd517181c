import type { FastifyReply } from "fastify";
import type { Caller } from "../core/caller.ts";
import { ExpungeError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { Deletion } from "../core/model.ts";
import { accept } from "./accepted.ts";
import type { RouteDeps } from "./deps.ts";
import type { DeletionJson } from "./schema/deletion.ts";
import { goneSignal } from "./streams.ts";
import { deletionView } from "./views.ts";

/**
 * Waits for a deletion and answers how it stands: 200 when it is completed and verified, 409 with the
 * residue at once when it is blocked, else 202 with where to look. A caller that goes away, or a
 * server that closes, ends the wait and changes nothing.
 * @throws ExpungeError `deletion-blocked`
 */
export async function answerDeletion(
  deps: RouteDeps,
  reply: FastifyReply,
  caller: Caller,
  deletion: Deletion,
  waitMs: number,
): Promise<DeletionJson> {
  const { projectId, id: deletionId } = deletion;
  reply.request.auditSubjects = [{ projectId, deletionId }];
  const stop = AbortSignal.any([deps.closing, goneSignal(reply)]);
  const latest = await deps.services.deletions.wait(deletion, waitMs, stop);
  const view = await deletionView(deps.services, mayRead(caller), latest);
  const location = `/v1/deletions/${latest.id}`;
  if (latest.state === "completed") {
    reply.code(200).header("content-location", location);
    return view;
  }
  if (latest.blocked) {
    throw new ExpungeError(
      "deletion-blocked",
      `The deletion is blocked: ${latest.blocked.reason}`,
      {
        details: { deletion: view, residue: view.residue },
      },
    );
  }
  accept(reply, location, retryAfterSeconds(deps, latest));
  return view;
}

/** In grace nothing happens before the purge; after it, progress is quick. */
function retryAfterSeconds(deps: RouteDeps, deletion: Deletion): number {
  const graceMs = deletion.state === "trashed" ? deletion.purgeAfter - deps.clock.now() : 0;
  return Math.max(LIMITS.deletionRetryAfterSeconds, Math.ceil(graceMs / 1000));
}

/** Who may delete may see what became of it, residue and receipt included. */
export function mayRead(caller: Caller): Caller {
  return { ...caller, rights: new Set([...caller.rights, "projects:read"]) };
}

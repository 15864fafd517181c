import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ADMIN_SUBJECT, type Caller } from "../core/caller.ts";
import type { AuditRecord, CallerKind } from "../ports/metadata/index.ts";
import type { RouteDeps } from "./deps.ts";

/** What a request was about, where that does not stand in its path. */
export interface AuditSubject {
  readonly projectId: string | null;
  readonly deletionId: string | null;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Null: what stands in the path. */
    auditSubjects: readonly AuditSubject[] | null;
    /** The code of the failure that is answered. */
    failureCode: string | null;
  }
}

/** Longer is no id of ours, and may be anything. */
const ID = /^[\w-]{1,63}$/;

/**
 * One entry in the audit log for each request that names a change, also a refused one, and for each that
 * had no valid token; written before the answer is sent. Reads leave none.
 */
export function auditRequests(app: FastifyInstance, deps: RouteDeps): void {
  app.decorateRequest("auditSubjects", null);
  app.decorateRequest("failureCode", null);
  app.addHook("onSend", async (request, reply) => {
    const records = recordsOf(request, reply);
    await Promise.all(records.map((record) => deps.services.auditLog.record(record)));
  });
}

function recordsOf(request: FastifyRequest, reply: FastifyReply): readonly AuditRecord[] {
  const operation = request.routeOptions.schema?.operationId;
  if (request.is404 || operation === undefined) return [];
  const outcome = request.failureCode ?? (reply.statusCode === 202 ? "accepted" : "done");
  const isStranger = outcome === "unauthorized";
  if (!isStranger && (request.caller === null || !isChange(request))) return [];
  const subjects = request.auditSubjects ?? [subjectOf(request)];
  return subjects.map((subject) => ({
    ...subject,
    ...whoOf(request.caller),
    operation,
    outcome,
    requestId: request.id,
  }));
}

/** A dry run changes nothing, and neither does a look at many files, which is a POST for its length. */
function isChange({ method, query, routeOptions }: FastifyRequest): boolean {
  if (/^(GET|HEAD|OPTIONS)$/.test(method)) return false;
  if (routeOptions.schema?.operationId === "checkFiles") return false;
  return !(
    typeof query === "object" &&
    query !== null &&
    "dryRun" in query &&
    query.dryRun === true
  );
}

/** By the path: `/v1/projects/{id}/...`, `/v1/deletions/{id}/...`, `/v1/debug/cleanup-project/{id}`. */
function subjectOf({ params, routeOptions }: FastifyRequest): AuditSubject {
  const given = typeof params === "object" && params !== null && "id" in params ? params.id : null;
  const id = typeof given === "string" && ID.test(given) ? given : null;
  const { url = "" } = routeOptions;
  const isDeletion = url.startsWith("/v1/deletions/");
  const isRelayout = url.startsWith("/v1/relayouts/");
  return { projectId: isDeletion || isRelayout ? null : id, deletionId: isDeletion ? id : null };
}

function whoOf(caller: Caller | null): Pick<AuditRecord, "callerKind" | "subject" | "tokenId"> {
  if (caller === null) return { callerKind: "none", subject: null, tokenId: null };
  const tokenId = caller.credential ?? null;
  return { callerKind: kindOf(caller), subject: caller.subject, tokenId };
}

function kindOf({ subject, credential }: Caller): CallerKind {
  if (credential !== undefined) return "token";
  return subject === ADMIN_SUBJECT ? "admin" : "user";
}

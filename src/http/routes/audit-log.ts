import type { Caller } from "../../core/caller.ts";
import { LIMITS } from "../../core/limits.ts";
import { timestamp } from "../../core/receipt.ts";
import type { AuditEntry } from "../../ports/metadata/index.ts";
import { callerOf } from "../auth.ts";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import type { App, RouteDeps } from "../deps.ts";
import { schemaOf } from "../operation.ts";
import { type AuditEntryJson, auditLogQuery, auditLogSchema } from "../schema/audit-log.ts";
import { answerStream, JSON_LINES, jsonLines } from "../streams.ts";

export function addAuditLogRoutes(app: App, deps: RouteDeps): void {
  app.route({
    method: "GET",
    url: "/v1/audit-log",
    schema: schemaOf({
      operationId: "listAuditLog",
      summary: "List who asked for which change, newest first",
      description:
        `With \`Accept: ${JSON_LINES}\` one entry per line, all of them where no limit is given. ` +
        "Entries hold ids and never paths of files.",
      tag: "audit-log",
      querystring: auditLogQuery,
      headers: { accept: `\`application/json\` or \`${JSON_LINES}\`` },
      answers: {
        200: {
          description: "A page of entries, or lines",
          json: auditLogSchema,
          media: JSON_LINES,
        },
      },
      errors: ["invalid-cursor"],
    }),
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const { cursor, limit, ...query } = request.query;
      const list = ["audit-log", query.projectId];
      const { after } = decodeCursor(list, cursor);
      const from = { ...query, ...(after === undefined ? {} : { after: Number(after) }) };
      const first = await deps.services.auditLog.list(caller, {
        ...from,
        limit: limit ?? LIMITS.pageItemsDefault,
      });
      if (!(request.headers.accept ?? "").includes(JSON_LINES)) {
        const next = first.next === null ? null : String(first.next);
        return { items: first.items.map(entryView), nextCursor: encodeCursor(list, next) };
      }
      const lines = jsonLines(entries(deps, caller, from, limit));
      return reply.type(JSON_LINES).send(answerStream(deps, request, lines));
    },
  });
}

async function* entries(
  { services }: RouteDeps,
  caller: Caller,
  from: { readonly projectId?: string; readonly after?: number },
  limit: number | undefined,
): AsyncGenerator<AuditEntryJson> {
  let query = from;
  let left = limit ?? Number.POSITIVE_INFINITY;
  while (left > 0) {
    const pageItems = Math.min(left, LIMITS.pageItemsMax);
    const { items, next } = await services.auditLog.list(caller, { ...query, limit: pageItems });
    for (const entry of items) yield entryView(entry);
    if (next === null) return;
    left -= items.length;
    query = { ...from, after: next };
  }
}

function entryView(entry: AuditEntry): AuditEntryJson {
  return { ...entry, at: timestamp(entry.at) };
}

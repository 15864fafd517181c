import { auditView, findingView } from "../audit-view.ts";
import { accept } from "../accepted.ts";
import { callerOf } from "../auth.ts";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import type { App, RouteDeps } from "../deps.ts";
import { schemaOf } from "../operation.ts";
import {
  auditListSchema,
  auditParams,
  auditSchema,
  createAuditBody,
  listAuditsQuery,
  type AuditJson,
  type AuditListJson,
} from "../schema/audit.ts";
import { noQuery } from "../schema/common.ts";
import { answerStream, JSON_LINES, jsonLines } from "../streams.ts";

export function addAuditRoutes(app: App, deps: RouteDeps): void {
  addStartRoute(app, deps);
  addListRoute(app, deps);
  addReadingRoutes(app, deps);
}

function addStartRoute(app: App, deps: RouteDeps): void {
  const { audits } = deps.services;
  app.route({
    method: "POST",
    url: "/v1/audits",
    schema: schemaOf({
      operationId: "startAudit",
      summary: "Compare the store and the rows of all projects, both ways",
      description:
        "With `fix`, what the finished plan names is mended afterwards: `orphans` removes objects below " +
        "the canonical prefix that no row names, with `quarantine` after a copy was put aside in their " +
        "project, and incomplete uploads that no row stands for; " +
        "`dangling` removes rows whose object is missing. Nothing is mended unless everything could be judged.",
      tag: "audits",
      querystring: noQuery,
      body: createAuditBody,
      answers: { 202: { description: "Under way: see Location", json: auditSchema } },
      errors: [],
    }),
    handler: async (request, reply): Promise<AuditJson> => {
      const { fix, quarantine, minAge, readDataPercent, listingConcurrency } = request.body;
      const audit = await audits.start(callerOf(request), {
        ...(fix === undefined ? {} : { fix }),
        ...(quarantine === undefined ? {} : { quarantine }),
        ...(minAge === undefined ? {} : { minAgeMs: minAge }),
        ...(readDataPercent === undefined ? {} : { readPercent: readDataPercent }),
        ...(listingConcurrency === undefined ? {} : { listingConcurrency }),
      });
      accept(reply, `/v1/audits/${audit.id}`);
      return auditView(audit, audit.requestedAt);
    },
  });
}

function addListRoute(app: App, deps: RouteDeps): void {
  const { audits } = deps.services;
  app.route({
    method: "GET",
    url: "/v1/audits",
    schema: schemaOf({
      operationId: "listAudits",
      summary: "List the audits that are remembered, newest first",
      tag: "audits",
      querystring: listAuditsQuery,
      answers: { 200: { description: "A page of audits", json: auditListSchema } },
      errors: ["invalid-cursor"],
    }),
    handler: async (request): Promise<AuditListJson> => {
      const { limit, cursor } = request.query;
      const list = ["audits"];
      const query = { limit, ...decodeCursor(list, cursor) };
      const { items, next } = await audits.list(callerOf(request), query);
      const now = await audits.now();
      return {
        items: items.map((audit) => auditView(audit, now)),
        nextCursor: encodeCursor(list, next),
      };
    },
  });
}

function addReadingRoutes(app: App, deps: RouteDeps): void {
  const { audits } = deps.services;
  app.route({
    method: "GET",
    url: "/v1/audits/:id",
    schema: schemaOf({
      operationId: "getAudit",
      summary: "Read what an audit has counted",
      tag: "audits",
      params: auditParams,
      querystring: noQuery,
      answers: { 200: { description: "The audit", json: auditSchema } },
      errors: ["audit-not-found"],
    }),
    handler: async (request): Promise<AuditJson> => {
      const audit = await audits.get(callerOf(request), request.params.id);
      return auditView(audit, await audits.now());
    },
  });
  app.route({
    method: "GET",
    url: "/v1/audits/:id/findings",
    schema: schemaOf({
      operationId: "listFindings",
      summary: "Read everything that an audit found, one JSON object per line",
      tag: "audits",
      params: auditParams,
      querystring: noQuery,
      answers: { 200: { description: "Lines of Finding", media: JSON_LINES } },
      errors: ["audit-not-found"],
    }),
    handler: async (request, reply) => {
      const caller = callerOf(request);
      // Before the stream begins, so that a refusal is an answer and no broken stream.
      const { id } = await audits.get(caller, request.params.id);
      reply.type(JSON_LINES);
      const views = async function* () {
        for await (const one of audits.findings(caller, id)) yield findingView(one);
      };
      return answerStream(deps, request, jsonLines(views()));
    },
  });
}

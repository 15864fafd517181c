import { accept } from "../accepted.ts";
import { callerOf } from "../auth.ts";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import type { App, RouteDeps } from "../deps.ts";
import { deletionEvents, eventId } from "../events.ts";
import { isTerminal } from "../../core/deletion.ts";
import { schemaOf } from "../operation.ts";
import { noQuery } from "../schema/common.ts";
import {
  deletionListSchema,
  deletionParams,
  deletionSchema,
  listDeletionsQuery,
  type DeletionJson,
  type DeletionListJson,
} from "../schema/deletion.ts";
import { answerStream, goneSignal, JSON_LINES, jsonLines } from "../streams.ts";
import { deletionView, residueView } from "../views.ts";

export function addDeletionRoutes(app: App, deps: RouteDeps): void {
  addReadingRoutes(app, deps);
  addRetryRoute(app, deps);
  addResidueRoute(app, deps);
  addEventsRoute(app, deps);
}

function addReadingRoutes(app: App, deps: RouteDeps): void {
  const { deletions } = deps.services;
  app.route({
    method: "GET",
    url: "/v1/deletions",
    schema: schemaOf({
      operationId: "listDeletions",
      summary: "List deletions, newest first",
      tag: "deletions",
      querystring: listDeletionsQuery,
      answers: { 200: { description: "A page of deletions", json: deletionListSchema } },
      errors: ["invalid-cursor"],
    }),
    handler: async (request): Promise<DeletionListJson> => {
      const caller = callerOf(request);
      const { cursor, ...query } = request.query;
      const list = ["deletions", query.state, query.projectId];
      const page = await deletions.list(caller, { ...query, ...decodeCursor(list, cursor) });
      const items: DeletionJson[] = [];
      for (const deletion of page.items) {
        items.push(await deletionView(deps.services, caller, deletion));
      }
      return { items, nextCursor: encodeCursor(list, page.next) };
    },
  });
  app.route({
    method: "GET",
    url: "/v1/deletions/:id",
    schema: schemaOf({
      operationId: "getDeletion",
      summary: "Read a deletion",
      tag: "deletions",
      params: deletionParams,
      querystring: noQuery,
      answers: { 200: { description: "The deletion", json: deletionSchema } },
      errors: ["deletion-not-found"],
    }),
    handler: async (request): Promise<DeletionJson> => {
      const caller = callerOf(request);
      const deletion = await deletions.get(caller, request.params.id);
      return await deletionView(deps.services, caller, deletion);
    },
  });
}

function addRetryRoute(app: App, deps: RouteDeps): void {
  app.route({
    method: "POST",
    url: "/v1/deletions/:id/retry",
    schema: schemaOf({
      operationId: "retryDeletion",
      summary: "Try a blocked deletion again now",
      tag: "deletions",
      params: deletionParams,
      querystring: noQuery,
      answers: { 202: { description: "The deletion, due now", json: deletionSchema } },
      errors: ["deletion-not-found"],
    }),
    handler: async (request, reply): Promise<DeletionJson> => {
      const caller = callerOf(request);
      const deletion = await deps.services.deletions.retry(caller, request.params.id);
      const { projectId, id: deletionId } = deletion;
      request.auditSubjects = [{ projectId, deletionId }];
      accept(reply, `/v1/deletions/${deletion.id}`);
      return await deletionView(deps.services, caller, deletion);
    },
  });
}

function addResidueRoute(app: App, deps: RouteDeps): void {
  app.route({
    method: "GET",
    url: "/v1/deletions/:id/residue",
    schema: schemaOf({
      operationId: "listResidue",
      summary: "Read the whole residue, one JSON object per line",
      tag: "deletions",
      params: deletionParams,
      querystring: noQuery,
      answers: { 200: { description: "Lines of Residue", media: JSON_LINES } },
      errors: ["deletion-not-found"],
    }),
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const { deletions } = deps.services;
      // Before the stream begins, so that a refusal is an answer and no broken stream.
      const { id } = await deletions.get(caller, request.params.id);
      reply.type(JSON_LINES);
      const views = async function* () {
        for await (const one of deletions.allResidue(caller, id)) yield residueView(one);
      };
      return answerStream(deps, request, jsonLines(views()));
    },
  });
}

function addEventsRoute(app: App, deps: RouteDeps): void {
  app.route({
    method: "GET",
    url: "/v1/deletions/:id/events",
    schema: schemaOf({
      operationId: "watchDeletion",
      summary: "Watch a deletion by server-sent events",
      description:
        "`state`, `progress`, `blocked` and `completed`, each with the whole deletion. With " +
        "`Last-Event-ID` only what came after it; 204 when nothing can come any more.",
      tag: "deletions",
      params: deletionParams,
      querystring: noQuery,
      headers: { "last-event-id": "The last event that the caller has seen" },
      answers: {
        200: { description: "The events", media: "text/event-stream" },
        204: { description: "The deletion has ended, and the caller knows" },
      },
      errors: ["deletion-not-found"],
    }),
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const deletion = await deps.services.deletions.get(caller, request.params.id);
      const header = request.headers["last-event-id"];
      const lastEventId = typeof header === "string" ? header : undefined;
      // 204 tells an EventSource not to come back (HTML, "server-sent events").
      if (isTerminal(deletion.state) && lastEventId === eventId(deletion)) {
        return reply.code(204).send();
      }
      reply.type("text/event-stream").headers({ "x-accel-buffering": "no" });
      const stop = AbortSignal.any([deps.closing, goneSignal(reply)]);
      return answerStream(deps, request, deletionEvents(deps, caller, deletion, lastEventId, stop));
    },
  });
}

import type { FastifyReply } from "fastify";
import type { RelayoutStand } from "../../services/relayout/relayouts.ts";
import { accept } from "../accepted.ts";
import { callerOf } from "../auth.ts";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import type { App, RouteDeps } from "../deps.ts";
import { schemaOf } from "../operation.ts";
import { noteViews } from "../run-view.ts";
import { relayoutView } from "../relayout-view.ts";
import { noQuery } from "../schema/common.ts";
import {
  createRelayoutBody,
  endRelayoutBody,
  listRelayoutsQuery,
  type RelayoutJson,
  type RelayoutListJson,
  relayoutListSchema,
  relayoutParams,
  relayoutSchema,
  type RelayoutSparedJson,
} from "../schema/relayout.ts";
import { answerStream, JSON_LINES, jsonLines } from "../streams.ts";

export function addRelayoutRoutes(app: App, deps: RouteDeps): void {
  addStartRoute(app, deps);
  addEndRoutes(app, deps);
  addReadingRoutes(app, deps);
  addSparedRoute(app, deps);
}

function accepted(reply: FastifyReply, stand: RelayoutStand): RelayoutJson {
  const { id, requestedAt } = stand.relayout;
  accept(reply, `/v1/relayouts/${id}`);
  return relayoutView(stand, requestedAt);
}

const ACCEPTED = { 202: { description: "Under way: see Location", json: relayoutSchema } };

function addStartRoute(app: App, deps: RouteDeps): void {
  const { relayouts } = deps.services;
  app.route({
    method: "POST",
    url: "/v1/relayouts",
    schema: schemaOf({
      operationId: "startRelayout",
      summary: "Copy the objects of adopted files to canonical keys, within the store",
      description:
        "Each copy is proven before its file names it; the old object is held until the relayout is " +
        "finished, and comes back when it is undone. A dry run, which is what happens unless `dryRun` is " +
        "false, counts what would be copied. Without `projects` the files of all are meant.",
      tag: "relayouts",
      querystring: noQuery,
      body: createRelayoutBody,
      answers: ACCEPTED,
      errors: ["project-not-found"],
    }),
    handler: async (request, reply): Promise<RelayoutJson> =>
      accepted(reply, await relayouts.start(callerOf(request), request.body)),
  });
}

const ENDS = {
  finish: {
    operationId: "finishRelayout",
    summary: "Remove the old objects that a relayout holds, for good",
  },
  undo: {
    operationId: "undoRelayout",
    summary: "Give the files of a relayout their old objects back, and remove the copies",
  },
} as const;

function addEndRoutes(app: App, deps: RouteDeps): void {
  for (const action of ["finish", "undo"] as const) {
    app.route({
      method: "POST",
      url: `/v1/relayouts/:id/${action}`,
      schema: schemaOf({
        ...ENDS[action],
        description:
          "Answers a relayout of its own, `of` the other. A dry run, which is what happens unless " +
          "`dryRun` is false, counts. `removed` objects are verified gone; a job goes on with `pending` ones.",
        tag: "relayouts",
        params: relayoutParams,
        querystring: noQuery,
        body: endRelayoutBody,
        answers: ACCEPTED,
        errors: ["relayout-not-found", "relayout-running"],
      }),
      handler: async (request, reply): Promise<RelayoutJson> => {
        const { id } = request.params;
        const stand = await deps.services.relayouts[action](callerOf(request), id, request.body);
        return accepted(reply, stand);
      },
    });
  }
}

function addReadingRoutes(app: App, deps: RouteDeps): void {
  const { relayouts } = deps.services;
  app.route({
    method: "GET",
    url: "/v1/relayouts",
    schema: schemaOf({
      operationId: "listRelayouts",
      summary: "List relayouts, newest first",
      tag: "relayouts",
      querystring: listRelayoutsQuery,
      answers: { 200: { description: "A page of relayouts", json: relayoutListSchema } },
      errors: ["invalid-cursor"],
    }),
    handler: async (request): Promise<RelayoutListJson> => {
      const { cursor, limit } = request.query;
      const list = ["relayouts"];
      const page = await relayouts.list(callerOf(request), {
        limit,
        ...decodeCursor(list, cursor),
      });
      const now = await relayouts.now();
      return {
        items: page.items.map((stand) => relayoutView(stand, now)),
        nextCursor: encodeCursor(list, page.next),
      };
    },
  });
  app.route({
    method: "GET",
    url: "/v1/relayouts/:id",
    schema: schemaOf({
      operationId: "getRelayout",
      summary: "Read what a relayout has counted, and what it holds",
      tag: "relayouts",
      params: relayoutParams,
      querystring: noQuery,
      answers: { 200: { description: "The relayout", json: relayoutSchema } },
      errors: ["relayout-not-found"],
    }),
    handler: async (request): Promise<RelayoutJson> => {
      const stand = await relayouts.get(callerOf(request), request.params.id);
      return relayoutView(stand, await relayouts.now());
    },
  });
}

function addSparedRoute(app: App, deps: RouteDeps): void {
  const { relayouts } = deps.services;
  app.route({
    method: "GET",
    url: "/v1/relayouts/:id/spared",
    schema: schemaOf({
      operationId: "listRelayoutSpared",
      summary: "Read which files a relayout left as they are, and why, one JSON object per line",
      tag: "relayouts",
      params: relayoutParams,
      querystring: noQuery,
      answers: { 200: { description: "Lines of RelayoutSpared", media: JSON_LINES } },
      errors: ["relayout-not-found"],
    }),
    handler: async (request, reply) => {
      const caller = callerOf(request);
      // Before the stream begins, so that a refusal is an answer and no broken stream.
      const { id } = (await relayouts.get(caller, request.params.id)).relayout;
      reply.type(JSON_LINES);
      const lines: AsyncIterable<RelayoutSparedJson> = noteViews(relayouts.spared(caller, id));
      return answerStream(deps, request, jsonLines(lines));
    },
  });
}

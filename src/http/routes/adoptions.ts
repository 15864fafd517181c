import { adoptionView } from "../adoption-view.ts";
import { accept } from "../accepted.ts";
import { callerOf } from "../auth.ts";
import type { App, RouteDeps } from "../deps.ts";
import { schemaOf } from "../operation.ts";
import { noteViews } from "../run-view.ts";
import {
  adoptionParams,
  type AdoptionJson,
  type AdoptionRefusalJson,
  adoptionSchema,
  createAdoptionBody,
} from "../schema/adoption.ts";
import { noQuery } from "../schema/common.ts";
import { answerStream, JSON_LINES, jsonLines } from "../streams.ts";

export function addAdoptionRoutes(app: App, deps: RouteDeps): void {
  addStartRoute(app, deps);
  addGetRoute(app, deps);
  addListRoutes(app, deps);
}

function addStartRoute(app: App, deps: RouteDeps): void {
  const { adoptions } = deps.services;
  app.route({
    method: "POST",
    url: "/v1/adoptions",
    schema: schemaOf({
      operationId: "startAdoption",
      summary: "Make projects and files for objects that lie in legacy layouts",
      description:
        "No byte moves. A dry run, which is what happens unless `dryRun` is false, counts what would be " +
        "made and names what would be refused. Repeated, it makes what is missing and nothing twice.",
      tag: "adoptions",
      querystring: noQuery,
      body: createAdoptionBody,
      answers: { 202: { description: "Under way: see Location", json: adoptionSchema } },
      errors: [],
    }),
    handler: async (request, reply): Promise<AdoptionJson> => {
      const { minAge, ...rest } = request.body;
      const adoption = await adoptions.start(callerOf(request), {
        ...rest,
        ...(minAge === undefined ? {} : { minAgeMs: minAge }),
      });
      accept(reply, `/v1/adoptions/${adoption.id}`);
      return adoptionView(adoption, adoption.requestedAt);
    },
  });
}

function addGetRoute(app: App, deps: RouteDeps): void {
  const { adoptions } = deps.services;
  app.route({
    method: "GET",
    url: "/v1/adoptions/:id",
    schema: schemaOf({
      operationId: "getAdoption",
      summary: "Read what an adoption has counted",
      tag: "adoptions",
      params: adoptionParams,
      querystring: noQuery,
      answers: { 200: { description: "The adoption", json: adoptionSchema } },
      errors: ["adoption-not-found"],
    }),
    handler: async (request): Promise<AdoptionJson> => {
      const adoption = await adoptions.get(callerOf(request), request.params.id);
      return adoptionView(adoption, await adoptions.now());
    },
  });
}

function addListRoutes(app: App, deps: RouteDeps): void {
  const { adoptions } = deps.services;
  app.route({
    method: "GET",
    url: "/v1/adoptions/:id/projects",
    schema: schemaOf({
      operationId: "listAdoptedProjects",
      summary: "Read how much of each project was adopted, one JSON object per line",
      tag: "adoptions",
      params: adoptionParams,
      querystring: noQuery,
      answers: { 200: { description: "Lines of AdoptedProject", media: JSON_LINES } },
      errors: ["adoption-not-found"],
    }),
    handler: async (request, reply) => {
      const caller = callerOf(request);
      // Before the stream begins, so that a refusal is an answer and no broken stream.
      const { id } = await adoptions.get(caller, request.params.id);
      reply.type(JSON_LINES);
      return answerStream(deps, request, jsonLines(adoptions.projects(caller, id)));
    },
  });
  app.route({
    method: "GET",
    url: "/v1/adoptions/:id/refusals",
    schema: schemaOf({
      operationId: "listAdoptionRefusals",
      summary: "Read which objects of projects got no file, and why, one JSON object per line",
      tag: "adoptions",
      params: adoptionParams,
      querystring: noQuery,
      answers: { 200: { description: "Lines of AdoptionRefusal", media: JSON_LINES } },
      errors: ["adoption-not-found"],
    }),
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const { id } = await adoptions.get(caller, request.params.id);
      reply.type(JSON_LINES);
      const lines: AsyncIterable<AdoptionRefusalJson> = noteViews(adoptions.refusals(caller, id));
      return answerStream(deps, request, jsonLines(lines));
    },
  });
}

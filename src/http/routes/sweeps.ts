import { callerOf } from "../auth.ts";
import type { App, RouteDeps } from "../deps.ts";
import { schemaOf } from "../operation.ts";
import { noQuery } from "../schema/common.ts";
import { sweepBody, type SweepJson, sweepParams, sweepSchema } from "../schema/sweep.ts";
import { sweepView } from "../views.ts";

export function addSweepRoutes(app: App, deps: RouteDeps): void {
  const { prefixSweeps } = deps.services;
  app.route({
    method: "POST",
    url: "/v1/debug/sweeps",
    schema: schemaOf({
      operationId: "sweepPrefix",
      summary: "Empty a prefix that holds no file of a project, and verify it (right: admin)",
      description: "`confirm` is the prefix once more. A worker carries it out: see Location.",
      tag: "debug",
      querystring: noQuery,
      body: sweepBody,
      answers: { 202: { description: "Under way", json: sweepSchema } },
      errors: ["confirmation-needed", "prefix-in-use"],
    }),
    handler: async (request, reply): Promise<SweepJson> => {
      const { prefix, confirm } = request.body;
      const sweep = await prefixSweeps.request(callerOf(request), prefix, confirm);
      reply.code(202).header("location", `/v1/debug/sweeps/${sweep.id}`);
      return sweepView(sweep);
    },
  });
  app.route({
    method: "GET",
    url: "/v1/debug/sweeps/:sweepId",
    schema: schemaOf({
      operationId: "getSweep",
      summary: "How a sweep stands (right: admin)",
      tag: "debug",
      params: sweepParams,
      querystring: noQuery,
      answers: { 200: { description: "The sweep", json: sweepSchema } },
      errors: ["sweep-not-found"],
    }),
    handler: async (request): Promise<SweepJson> =>
      sweepView(await prefixSweeps.get(callerOf(request), request.params.sweepId)),
  });
}

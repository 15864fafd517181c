import { callerOf } from "../auth.ts";
import type { App, RouteDeps } from "../deps.ts";
import { schemaOf } from "../operation.ts";
import { noQuery } from "../schema/common.ts";

export function addMetricsRoute(app: App, deps: RouteDeps): void {
  app.route({
    method: "GET",
    url: "/metrics",
    schema: schemaOf({
      operationId: "metrics",
      summary: "What a monitor reads, in the text format of Prometheus (right: admin)",
      tag: "service",
      querystring: noQuery,
      answers: { 200: { description: "Counts and durations", media: "text/plain" } },
      errors: [],
    }),
    handler: async (request, reply) => {
      const backlog = await deps.services.monitor.backlog(callerOf(request));
      reply.type(deps.metrics.contentType);
      return await deps.metrics.render(backlog);
    },
  });
}

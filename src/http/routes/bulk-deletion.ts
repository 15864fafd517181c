import { callerOf } from "../auth.ts";
import type { App, RouteDeps } from "../deps.ts";
import { schemaOf } from "../operation.ts";
import {
  bulkDeleteBody,
  type BulkDeletionJson,
  bulkDeletionSchema,
  type BulkPlanJson,
  bulkPlanSchema,
  deleteProjectQuery,
} from "../schema/deletion.ts";
import { deletionView, planView } from "../views.ts";
import { mayRead } from "../deletion-answer.ts";

export function addBulkDeletionRoutes(app: App, deps: RouteDeps): void {
  const { bulkDeletions } = deps.services;
  app.route({
    method: "POST",
    url: "/v1/projects::delete",
    schema: schemaOf({
      operationId: "deleteProjects",
      summary: "Delete many projects, by ids or by the beginning of their names",
      description:
        "Requests one deletion for each and waits for none. By name it takes the active projects, at " +
        "most 1,000 in one call: while `more` is true, repeat it. What is refused is named with its code.",
      tag: "projects",
      querystring: deleteProjectQuery,
      body: bulkDeleteBody,
      answers: {
        200: {
          description: "With `dryRun=true` the plans; nothing is changed",
          json: bulkPlanSchema,
        },
        202: { description: "The deletions, under way", json: bulkDeletionSchema },
      },
      errors: [],
    }),
    handler: async (request, reply): Promise<BulkDeletionJson | BulkPlanJson> => {
      const caller = callerOf(request);
      const { dryRun, grace, maxObjects } = request.query;
      if (dryRun === true) {
        const { done, refused, more } = await bulkDeletions.plan(caller, request.body);
        return { dryRun: true, plans: done.map(planView), refused: [...refused], more };
      }
      const { done, refused, more } = await bulkDeletions.request(caller, request.body, {
        ...(grace === undefined ? {} : { graceMs: grace }),
        ...(maxObjects === undefined ? {} : { maxObjects }),
      });
      request.auditSubjects = done.map(({ projectId, id }) => ({ projectId, deletionId: id }));
      const deletions = [];
      for (const deletion of done) {
        deletions.push(await deletionView(deps.services, mayRead(caller), deletion));
      }
      reply.code(202);
      return { deletions, refused: [...refused], more };
    },
  });
}

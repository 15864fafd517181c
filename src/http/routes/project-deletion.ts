import { callerOf } from "../auth.ts";
import { answerDeletion } from "../deletion-answer.ts";
import type { App, RouteDeps } from "../deps.ts";
import { schemaOf } from "../operation.ts";
import { waitPreference } from "../prefer.ts";
import { noQuery, projectParams } from "../schema/common.ts";
import {
  deleteProjectQuery,
  deletionSchema,
  type DeletionJson,
  type PlanJson,
  planSchema,
} from "../schema/deletion.ts";
import { type ProjectJson, projectSchema } from "../schema/project.ts";
import { planView, projectView } from "../views.ts";
import { z } from "zod";

const deleteOperation = schemaOf({
  operationId: "deleteProject",
  summary: "Delete a project, and answer once that was verified",
  description:
    "Waits until every surface is empty and listed so, then answers the deletion with its signed " +
    "receipt. When the wait is over, in grace or with `Prefer: respond-async` the answer is 202. " +
    "Repeats join the same deletion. A caller that goes away changes nothing.",
  tag: "projects",
  params: projectParams,
  querystring: deleteProjectQuery,
  headers: { prefer: "`wait=SECONDS` or `respond-async` (RFC 7240)" },
  answers: {
    200: {
      description: "Completed and verified; with `dryRun=true` the plan, and nothing is changed",
      json: z.union([deletionSchema, planSchema]),
    },
    202: { description: "Under way: see Location and Retry-After", json: deletionSchema },
  },
  errors: [
    "project-not-found",
    "project-deleted",
    "project-held",
    "too-many-objects",
    "too-many-deletions",
    "deletion-blocked",
  ],
});

export function addProjectDeletionRoutes(app: App, deps: RouteDeps): void {
  const { deletions, projects } = deps.services;
  app.route({
    method: "DELETE",
    url: "/v1/projects/:id",
    schema: deleteOperation,
    handler: async (request, reply): Promise<DeletionJson | PlanJson> => {
      const caller = callerOf(request);
      const { id } = request.params;
      const { dryRun, grace, maxObjects } = request.query;
      if (dryRun === true) return planView(await deletions.plan(caller, id));
      const preference = waitPreference(request.headers["prefer"]);
      if (preference) reply.header("preference-applied", preference.applied);
      const deletion = await deletions.request(caller, id, {
        ...(grace === undefined ? {} : { graceMs: grace }),
        ...(maxObjects === undefined ? {} : { maxObjects }),
      });
      const inGrace = await deletions.isInGrace(deletion);
      const waitMs = preference?.waitMs ?? deps.settings.deleteWaitMs;
      return await answerDeletion(deps, reply, caller, deletion, inGrace ? 0 : waitMs);
    },
  });
  app.route({
    method: "POST",
    url: "/v1/projects/:id/restore",
    schema: schemaOf({
      operationId: "restoreProject",
      summary: "Undo a deletion that is in grace",
      tag: "projects",
      params: projectParams,
      querystring: noQuery,
      answers: { 200: { description: "The project, active again", json: projectSchema } },
      errors: ["project-not-found", "project-deleted", "not-restorable"],
    }),
    handler: async (request): Promise<ProjectJson> => {
      const caller = callerOf(request);
      await deletions.restore(caller, request.params.id);
      return projectView(await projects.find(caller, request.params.id));
    },
  });
}

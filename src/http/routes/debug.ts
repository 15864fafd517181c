import { z } from "zod";
import { ExpungeError } from "../../core/errors.ts";
import { callerOf } from "../auth.ts";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import { answerDeletion } from "../deletion-answer.ts";
import type { App, RouteDeps } from "../deps.ts";
import { schemaOf } from "../operation.ts";
import { waitPreference } from "../prefer.ts";
import { noQuery, projectParams } from "../schema/common.ts";
import {
  cleanupCheckSchema,
  cleanupQuery,
  projectFilesQuery,
  selfTestSchema,
  trackedKeysSchema,
  type CleanupCheckJson,
  type SelfTestJson,
  type TrackedKeysJson,
} from "../schema/debug.ts";
import {
  deletionSchema,
  type DeletionJson,
  type PlanJson,
  planSchema,
} from "../schema/deletion.ts";
import { cleanupCheckView, planView } from "../views.ts";

export function addDebugRoutes(app: App, deps: RouteDeps): void {
  addCleanupRoute(app, deps);
  addCheckRoutes(app, deps);
  addSelfTestRoute(app, deps);
}

function addCleanupRoute(app: App, deps: RouteDeps): void {
  const { debug } = deps.services;
  app.route({
    method: "POST",
    url: "/v1/debug/cleanup-project/:id",
    schema: schemaOf({
      operationId: "cleanupProject",
      summary: "Show what a cleanup would remove, or delete the project",
      description: "A dry run unless `dryRun=false`; then it is the deletion of the project.",
      tag: "debug",
      params: projectParams,
      querystring: cleanupQuery,
      headers: { prefer: "`wait=SECONDS` or `respond-async` (RFC 7240)" },
      answers: {
        200: {
          description: "The plan, or the deletion, completed and verified",
          json: z.union([deletionSchema, planSchema]),
        },
        202: { description: "Under way: see Location", json: deletionSchema },
      },
      errors: ["project-not-found", "project-held", "deletion-blocked"],
    }),
    handler: async (request, reply): Promise<DeletionJson | PlanJson> => {
      const caller = callerOf(request);
      const { id } = request.params;
      const { dryRun, surface } = request.query;
      if (dryRun) return planView(await debug.cleanupPlan(caller, id, surface));
      if (surface !== undefined) {
        throw new ExpungeError("invalid-request", "A deletion empties every surface, not one.");
      }
      const deletion = await debug.cleanup(caller, id);
      const preference = waitPreference(request.headers["prefer"]);
      if (preference) reply.header("preference-applied", preference.applied);
      const inGrace = deletion.state === "trashed" && deps.settings.graceMs > 0;
      const waitMs = preference?.waitMs ?? deps.settings.deleteWaitMs;
      return await answerDeletion(deps, reply, caller, deletion, inGrace ? 0 : waitMs);
    },
  });
}

function addCheckRoutes(app: App, deps: RouteDeps): void {
  const { debug } = deps.services;
  app.route({
    method: "GET",
    url: "/v1/debug/verify-cleanup/:id",
    schema: schemaOf({
      operationId: "verifyCleanup",
      summary: "List every surface of a project and say whether all are empty",
      tag: "debug",
      params: projectParams,
      querystring: noQuery,
      answers: { 200: { description: "What is there", json: cleanupCheckSchema } },
      errors: ["project-not-found"],
    }),
    handler: async (request): Promise<CleanupCheckJson> =>
      cleanupCheckView(await debug.verifyCleanup(callerOf(request), request.params.id)),
  });
  app.route({
    method: "GET",
    url: "/v1/debug/project-files/:id",
    schema: schemaOf({
      operationId: "listProjectKeys",
      summary: "List the keys that rows name, and whether the store has them",
      tag: "debug",
      params: projectParams,
      querystring: projectFilesQuery,
      answers: { 200: { description: "A page of keys", json: trackedKeysSchema } },
      errors: ["project-not-found", "invalid-cursor"],
    }),
    handler: async (request): Promise<TrackedKeysJson> => {
      const { id } = request.params;
      const { limit, cursor } = request.query;
      const list = ["project-files", id];
      const { after } = decodeCursor(list, cursor);
      const keys = await debug.projectFiles(callerOf(request), id, limit, after);
      const last = keys.length === limit ? (keys.at(-1)?.key ?? null) : null;
      return { items: keys.map((one) => ({ ...one })), nextCursor: encodeCursor(list, last) };
    },
  });
}

function addSelfTestRoute(app: App, deps: RouteDeps): void {
  app.route({
    method: "POST",
    url: "/v1/debug/self-test",
    schema: schemaOf({
      operationId: "selfTest",
      summary: "Make a project, delete it and check the receipt",
      tag: "debug",
      querystring: noQuery,
      answers: { 200: { description: "What each step showed", json: selfTestSchema } },
      errors: [],
    }),
    handler: async (request): Promise<SelfTestJson> => {
      const { ok, steps } = await deps.services.debug.selfTest(callerOf(request));
      return { ok, steps: steps.map((step) => ({ ...step })) };
    },
  });
}

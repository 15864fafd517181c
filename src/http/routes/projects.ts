import { callerOf } from "../auth.ts";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import type { App, RouteDeps } from "../deps.ts";
import { answerOnce, IDEMPOTENCY_HEADER, idempotencyKey } from "../idempotency.ts";
import { schemaOf } from "../operation.ts";
import { noQuery, projectParams } from "../schema/common.ts";
import {
  createProjectBody,
  holdBody,
  holdSchema,
  listProjectsQuery,
  patchProjectBody,
  projectListSchema,
  projectSchema,
  type HoldJson,
  type ProjectJson,
  type ProjectListJson,
} from "../schema/project.ts";
import { projectView } from "../views.ts";
import { timestamp } from "../../core/receipt.ts";

export function addProjectRoutes(app: App, deps: RouteDeps): void {
  addMakingRoutes(app, deps);
  addReadingRoutes(app, deps);
  addHoldRoutes(app, deps);
}

function addMakingRoutes(app: App, deps: RouteDeps): void {
  const { projects } = deps.services;
  app.route({
    method: "POST",
    url: "/v1/projects",
    schema: schemaOf({
      operationId: "createProject",
      summary: "Make a project",
      tag: "projects",
      querystring: noQuery,
      body: createProjectBody,
      headers: IDEMPOTENCY_HEADER,
      answers: { 201: { description: "The project", json: projectSchema } },
      errors: ["project-exists", "invalid-project-id", "id-not-allowed", "idempotency-key-reused"],
    }),
    handler: async (request, reply): Promise<ProjectJson> => {
      const { ttlSeconds, ...input } = request.body;
      const made = await projects.createOnce(callerOf(request), idempotencyKey(request), {
        ...input,
        ...(ttlSeconds === undefined ? {} : { ttlMs: ttlSeconds * 1000 }),
      });
      const project = answerOnce(reply, made);
      request.auditSubjects = [{ projectId: project.id, deletionId: null }];
      reply.code(201).header("location", `/v1/projects/${encodeURIComponent(project.id)}`);
      return projectView(project);
    },
  });
  app.route({
    method: "PATCH",
    url: "/v1/projects/:id",
    schema: schemaOf({
      operationId: "updateProject",
      summary: "Change a project's name, metadata, quota or expiry",
      tag: "projects",
      params: projectParams,
      querystring: noQuery,
      body: patchProjectBody,
      answers: { 200: { description: "The project", json: projectSchema } },
      errors: ["project-not-found", "project-deleted", "project-not-active"],
    }),
    handler: async (request): Promise<ProjectJson> =>
      projectView(await projects.update(callerOf(request), request.params.id, request.body)),
  });
}

function addReadingRoutes(app: App, deps: RouteDeps): void {
  const { projects } = deps.services;
  app.route({
    method: "GET",
    url: "/v1/projects",
    schema: schemaOf({
      operationId: "listProjects",
      summary: "List projects",
      description: "The caller's projects, all of them for an admin; deleted ones only by `state`.",
      tag: "projects",
      querystring: listProjectsQuery,
      answers: { 200: { description: "A page of projects", json: projectListSchema } },
      errors: ["invalid-cursor"],
    }),
    handler: async (request): Promise<ProjectListJson> => {
      const { cursor, ...query } = request.query;
      const list = ["projects", query.state, query.namePrefix];
      const after = decodeCursor(list, cursor);
      const { items, next } = await projects.list(callerOf(request), { ...query, ...after });
      return { items: items.map(projectView), nextCursor: encodeCursor(list, next) };
    },
  });
  app.route({
    method: "GET",
    url: "/v1/projects/:id",
    schema: schemaOf({
      operationId: "getProject",
      summary: "Read a project",
      tag: "projects",
      params: projectParams,
      querystring: noQuery,
      answers: { 200: { description: "The project", json: projectSchema } },
      errors: ["project-not-found", "project-deleted"],
    }),
    handler: async (request): Promise<ProjectJson> =>
      projectView(await projects.get(callerOf(request), request.params.id)),
  });
}

function addHoldRoutes(app: App, deps: RouteDeps): void {
  const { projects } = deps.services;
  app.route({
    method: "PUT",
    url: "/v1/projects/:id/hold",
    schema: schemaOf({
      operationId: "placeHold",
      summary: "Place a legal hold: the project cannot be deleted until it is released",
      tag: "projects",
      params: projectParams,
      querystring: noQuery,
      body: holdBody,
      answers: { 200: { description: "The hold", json: holdSchema } },
      errors: ["project-not-found", "not-holdable"],
    }),
    handler: async (request): Promise<HoldJson> => {
      const { id } = request.params;
      const hold = await projects.placeHold(callerOf(request), id, request.body.reason);
      return { reason: hold.reason, placedAt: timestamp(hold.placedAt) };
    },
  });
  app.route({
    method: "DELETE",
    url: "/v1/projects/:id/hold",
    schema: schemaOf({
      operationId: "releaseHold",
      summary: "Release a legal hold; an overdue purge waits a fresh grace",
      tag: "projects",
      params: projectParams,
      querystring: noQuery,
      answers: { 204: { description: "Released, or none was there" } },
      errors: ["project-not-found"],
    }),
    handler: async (request, reply) => {
      await projects.releaseHold(callerOf(request), request.params.id);
      return reply.code(204).send();
    },
  });
}

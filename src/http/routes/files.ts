import { callerOf } from "../auth.ts";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import type { App, RouteDeps } from "../deps.ts";
import { absoluteUrl } from "../links.ts";
import { schemaOf } from "../operation.ts";
import type { ProblemCode } from "../problem.ts";
import { noQuery, projectParams } from "../schema/common.ts";
import {
  fileChecksSchema,
  fileListSchema,
  fileOutcomesSchema,
  fileSchema,
  listFilesQuery,
  moveFileBody,
  pathsBody,
  signedUrlSchema,
  signUrlBody,
  type FileChecksJson,
  type FileJson,
  type FileListJson,
  type FileOutcomesJson,
  type SignedUrlJson,
} from "../schema/file.ts";
import { fileView } from "../views.ts";
import { timestamp } from "../../core/receipt.ts";

const OF_PROJECT: readonly ProblemCode[] = [
  "project-not-found",
  "project-deleted",
  "project-not-active",
];

export function addFileRoutes(app: App, deps: RouteDeps): void {
  addListRoute(app, deps);
  addBulkRoutes(app, deps);
  addMoveRoute(app, deps);
  addUrlRoute(app, deps);
}

function addListRoute(app: App, deps: RouteDeps): void {
  app.route({
    method: "GET",
    url: "/v1/projects/:id/files",
    schema: schemaOf({
      operationId: "listFiles",
      summary: "List a project's files, by path",
      tag: "files",
      params: projectParams,
      querystring: listFilesQuery,
      answers: { 200: { description: "A page of files", json: fileListSchema } },
      errors: [...OF_PROJECT, "invalid-cursor"],
    }),
    handler: async (request): Promise<FileListJson> => {
      const { id } = request.params;
      const { cursor, ...query } = request.query;
      const list = ["files", id, query.prefix];
      const after = decodeCursor(list, cursor);
      const page = await deps.services.files.list(callerOf(request), id, { ...query, ...after });
      return { items: page.items.map(fileView), nextCursor: encodeCursor(list, page.next) };
    },
  });
}

function addBulkRoutes(app: App, deps: RouteDeps): void {
  const { files } = deps.services;
  app.route({
    method: "POST",
    url: "/v1/projects/:id/files::delete",
    schema: schemaOf({
      operationId: "deleteFiles",
      summary: "Delete several files; every path has its own outcome",
      tag: "files",
      params: projectParams,
      querystring: noQuery,
      body: pathsBody,
      answers: { 200: { description: "One outcome per path", json: fileOutcomesSchema } },
      errors: OF_PROJECT,
    }),
    handler: async (request): Promise<FileOutcomesJson> => {
      const { paths } = request.body;
      const outcomes = await files.deleteMany(callerOf(request), request.params.id, paths);
      return { outcomes: outcomes.map((one) => ({ ...one })) };
    },
  });
  app.route({
    method: "POST",
    url: "/v1/projects/:id/files::check",
    schema: schemaOf({
      operationId: "checkFiles",
      summary: "What is recorded, and what is really there",
      tag: "files",
      params: projectParams,
      querystring: noQuery,
      body: pathsBody,
      answers: { 200: { description: "One line per path", json: fileChecksSchema } },
      errors: [...OF_PROJECT, "invalid-path"],
    }),
    handler: async (request): Promise<FileChecksJson> => {
      const { paths } = request.body;
      const checks = await files.check(callerOf(request), request.params.id, paths);
      return { files: checks.map((one) => ({ ...one })) };
    },
  });
}

function addMoveRoute(app: App, deps: RouteDeps): void {
  app.route({
    method: "POST",
    url: "/v1/projects/:id/files::move",
    schema: schemaOf({
      operationId: "moveFile",
      summary: "Rename a file; no byte moves",
      tag: "files",
      params: projectParams,
      querystring: noQuery,
      body: moveFileBody,
      answers: { 200: { description: "The file under its new path", json: fileSchema } },
      errors: [...OF_PROJECT, "invalid-path", "file-not-found", "file-exists", "project-held"],
    }),
    handler: async (request): Promise<FileJson> => {
      const { from, to } = request.body;
      const { id } = request.params;
      return fileView(await deps.services.files.move(callerOf(request), id, from, to));
    },
  });
}

function addUrlRoute(app: App, deps: RouteDeps): void {
  app.route({
    method: "POST",
    url: "/v1/projects/:id/urls",
    schema: schemaOf({
      operationId: "signUrl",
      summary: "Make a URL by which the file can be downloaded without a token",
      tag: "files",
      params: projectParams,
      querystring: noQuery,
      body: signUrlBody,
      answers: { 200: { description: "The signed URL", json: signedUrlSchema } },
      errors: [...OF_PROJECT, "invalid-path", "file-not-found"],
    }),
    handler: async (request): Promise<SignedUrlJson> => {
      const { path, expiresInSeconds } = request.body;
      const expiresInMs =
        expiresInSeconds === undefined ? deps.settings.urlExpiryMs : expiresInSeconds * 1000;
      const { id } = request.params;
      const signed = await deps.services.signedUrls.sign(callerOf(request), id, path, expiresInMs);
      return {
        url: absoluteUrl(deps, request, signed.url),
        expiresAt: timestamp(signed.expiresAt),
      };
    },
  });
}

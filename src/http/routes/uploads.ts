import { timestamp } from "../../core/receipt.ts";
import { callerOf } from "../auth.ts";
import type { App, RouteDeps } from "../deps.ts";
import { absoluteUrl } from "../links.ts";
import { answerOnce, IDEMPOTENCY_HEADER, idempotencyKey } from "../idempotency.ts";
import { schemaOf } from "../operation.ts";
import { quoteEtag } from "../preconditions.ts";
import type { ProblemCode } from "../problem.ts";
import { noQuery, projectParams } from "../schema/common.ts";
import { type FileJson, fileSchema } from "../schema/file.ts";
import {
  completeUploadBody,
  openUploadBody,
  partParams,
  partsSchema,
  partUrlSchema,
  uploadParams,
  uploadSchema,
  type PartsJson,
  type PartUrlJson,
  type UploadJson,
} from "../schema/upload.ts";
import { fileView, partsView, uploadView } from "../views.ts";

const OF_PROJECT: readonly ProblemCode[] = [
  "project-not-found",
  "project-deleted",
  "project-not-active",
];
const OF_UPLOAD: readonly ProblemCode[] = [...OF_PROJECT, "upload-not-found", "upload-not-open"];

export function addUploadRoutes(app: App, deps: RouteDeps): void {
  addOpenRoute(app, deps);
  addPartRoutes(app, deps);
  addEndRoutes(app, deps);
}

function addOpenRoute(app: App, deps: RouteDeps): void {
  app.route({
    method: "POST",
    url: "/v1/projects/:id/uploads",
    schema: schemaOf({
      operationId: "openUpload",
      summary: "Begin a direct upload",
      tag: "uploads",
      params: projectParams,
      querystring: noQuery,
      body: openUploadBody,
      headers: IDEMPOTENCY_HEADER,
      answers: { 201: { description: "The upload and its parts", json: uploadSchema } },
      errors: [
        ...OF_PROJECT,
        "invalid-path",
        "quota-exceeded",
        "file-too-large",
        "upload-not-open",
        "idempotency-key-reused",
      ],
    }),
    handler: async (request, reply): Promise<UploadJson> => {
      const { id } = request.params;
      const { uploads } = deps.services;
      const made = await uploads.openOnce(callerOf(request), id, idempotencyKey(request), {
        contentType: "application/octet-stream",
        metadata: {},
        ...request.body,
      });
      const upload = answerOnce(reply, made);
      const project = encodeURIComponent(id);
      reply.code(201).header("location", `/v1/projects/${project}/uploads/${upload.id}`);
      return uploadView(upload);
    },
  });
}

function addPartRoutes(app: App, deps: RouteDeps): void {
  const { uploads } = deps.services;
  app.route({
    method: "GET",
    url: "/v1/projects/:id/uploads/:uploadId/parts/:partNumber",
    schema: schemaOf({
      operationId: "getPartUrl",
      summary: "Ask for the URL to which a part is sent by PUT",
      tag: "uploads",
      params: partParams,
      querystring: noQuery,
      answers: { 200: { description: "The signed request", json: partUrlSchema } },
      errors: OF_UPLOAD,
    }),
    handler: async (request): Promise<PartUrlJson> => {
      const { id, uploadId, partNumber } = request.params;
      const part = await uploads.partUrl(callerOf(request), id, uploadId, partNumber);
      return {
        url: absoluteUrl(deps, request, part.url),
        headers: { ...part.headers },
        expiresAt: timestamp(part.expiresAt),
      };
    },
  });
  app.route({
    method: "GET",
    url: "/v1/projects/:id/uploads/:uploadId/parts",
    schema: schemaOf({
      operationId: "listParts",
      summary: "List the parts that have arrived",
      tag: "uploads",
      params: uploadParams,
      querystring: noQuery,
      answers: { 200: { description: "The parts", json: partsSchema } },
      errors: OF_UPLOAD,
    }),
    handler: async (request): Promise<PartsJson> => {
      const { id, uploadId } = request.params;
      return partsView(await uploads.listParts(callerOf(request), id, uploadId));
    },
  });
}

function addEndRoutes(app: App, deps: RouteDeps): void {
  const { uploads } = deps.services;
  app.route({
    method: "POST",
    url: "/v1/projects/:id/uploads/:uploadId/complete",
    schema: schemaOf({
      operationId: "completeUpload",
      summary: "Make the file of the parts that arrived",
      tag: "uploads",
      params: uploadParams,
      querystring: noQuery,
      body: completeUploadBody,
      answers: {
        200: { description: "The file, made before or replacing another", json: fileSchema },
        201: { description: "The file, which is new", json: fileSchema },
      },
      errors: [
        ...OF_UPLOAD,
        "size-mismatch",
        "quota-exceeded",
        "project-held",
        "precondition-failed",
      ],
    }),
    handler: async (request, reply): Promise<FileJson> => {
      const { id, uploadId } = request.params;
      const { file, created } = await uploads.complete(
        callerOf(request),
        id,
        uploadId,
        request.body?.parts,
      );
      reply.code(created ? 201 : 200).header("etag", quoteEtag(file.etag));
      return fileView(file);
    },
  });
  app.route({
    method: "DELETE",
    url: "/v1/projects/:id/uploads/:uploadId",
    schema: schemaOf({
      operationId: "abortUpload",
      summary: "Abort an upload and discard its parts",
      tag: "uploads",
      params: uploadParams,
      querystring: noQuery,
      answers: { 204: { description: "Aborted" } },
      errors: OF_UPLOAD,
    }),
    handler: async (request, reply) => {
      const { id, uploadId } = request.params;
      await uploads.abort(callerOf(request), id, uploadId);
      return reply.code(204).send();
    },
  });
}

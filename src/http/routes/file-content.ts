import type { FastifyRequest } from "fastify";
import { isExpungeError } from "../../core/errors.ts";
import type { FileRow } from "../../core/model.ts";
import type { FilePrecondition } from "../../ports/metadata/index.ts";
import { callerOf } from "../auth.ts";
import { checksumsOf } from "../checksums.ts";
import type { App, RouteDeps } from "../deps.ts";
import { answerFile } from "../file-answer.ts";
import { HttpError, type ProblemCode } from "../problem.ts";
import { type Operation, schemaOf } from "../operation.ts";
import { quoteEtag, writePrecondition } from "../preconditions.ts";
import { contentTypeSchema, noQuery } from "../schema/common.ts";
import {
  fileParams,
  fileSchema,
  pendingFileSchema,
  readFileQuery,
  type FileJson,
  type PendingFileJson,
} from "../schema/file.ts";
import { announcedBytes, bodyOfRequest, goneSignal } from "../streams.ts";
import { filePathOf } from "../target.ts";
import { fileView } from "../views.ts";
import { ExpungeError } from "../../core/errors.ts";

const URL = "/v1/projects/:id/files/*";

const OF_FILE: readonly ProblemCode[] = [
  "project-not-found",
  "project-deleted",
  "project-not-active",
  "invalid-path",
  "precondition-failed",
];

/** The bodies of files, which pass through as they are: nothing is parsed and nothing is held. */
export function addFileContentRoutes(app: App, deps: RouteDeps): void {
  void app.register(async (raw: App) => {
    raw.removeAllContentTypeParsers();
    raw.addContentTypeParser("*", (_request, _payload, done) => done(null));
    addPutRoute(raw, deps);
  });
  addReadRoute(app, deps, "GET");
  addReadRoute(app, deps, "HEAD");
  addDeleteRoute(app, deps);
}

const putOperation = schemaOf({
  operationId: "putFile",
  summary: "Store a file, replacing the one that is there",
  tag: "files",
  params: fileParams,
  querystring: noQuery,
  rawBody: true,
  headers: {
    "if-match": "The ETag that the file must have now",
    "if-none-match": "`*`: there must be no file",
    "content-md5": "MD5 of the body, base64",
    "repr-digest": "`sha-256=:BASE64:` of the body",
    "x-checksum-sha256": "SHA-256 of the body, hex or base64",
  },
  answers: {
    200: { description: "The file, which replaced another", json: fileSchema },
    201: { description: "The file, which is new", json: fileSchema },
  },
  errors: [
    ...OF_FILE,
    "project-held",
    "quota-exceeded",
    "file-too-large",
    "checksum-mismatch",
    "size-mismatch",
    "upload-not-open",
  ],
});

function addPutRoute(app: App, deps: RouteDeps): void {
  const { files } = deps.services;
  app.route({
    method: "PUT",
    url: URL,
    schema: putOperation,
    handler: async (request, reply): Promise<FileJson> => {
      const caller = callerOf(request);
      const { id } = request.params;
      const path = filePathOf(request.raw.url ?? "");
      refuseCodings(request);
      const { file, created } = await files.put(
        caller,
        id,
        {
          path,
          body: bodyOfRequest(request),
          sizeBytes: announcedBytes(request),
          contentType: contentTypeOf(request),
          metadata: {},
          checksums: checksumsOf(request.headers),
          ...(await preconditionOf(deps, request, id, path)),
        },
        goneSignal(reply),
      );
      if (created) reply.header("location", request.url);
      reply.code(created ? 201 : 200).header("etag", quoteEtag(file.etag));
      return fileView(file);
    },
  });
}

/** Bytes are kept as they come: a coded body would be given back without the coding's name. */
function refuseCodings(request: FastifyRequest): void {
  const coding = request.headers["content-encoding"];
  if (coding !== undefined && coding.toLowerCase() !== "identity") {
    throw new HttpError("unsupported-media-type", "A file's body takes no Content-Encoding.");
  }
  // RFC 9110 section 14.5.
  if (request.headers["content-range"] !== undefined) {
    throw new ExpungeError("invalid-request", "A file is stored whole; use a direct upload.");
  }
}

function contentTypeOf(request: FastifyRequest): string {
  const header = request.headers["content-type"];
  if (header === undefined) return "application/octet-stream";
  const result = contentTypeSchema.safeParse(header);
  if (result.success) return result.data;
  throw new ExpungeError("invalid-request", "The header Content-Type has no usable media type.");
}

async function preconditionOf(
  deps: RouteDeps,
  request: FastifyRequest,
  projectId: string,
  path: string,
): Promise<{ precondition?: FilePrecondition }> {
  return await writePrecondition(request.headers, async (): Promise<FileRow | null> => {
    try {
      return await deps.services.files.head(callerOf(request), projectId, path);
    } catch (error) {
      if (isExpungeError(error, "file-not-found")) return null;
      throw error;
    }
  });
}

function addReadRoute(app: App, deps: RouteDeps, method: "GET" | "HEAD"): void {
  const bytes = method === "GET" ? { media: "*/*" } : ({} satisfies Partial<Operation>);
  app.route({
    method,
    url: URL,
    config: { swagger: { exposeHeadRoute: true } },
    schema: schemaOf({
      operationId: method === "GET" ? "getFile" : "headFile",
      summary: method === "GET" ? "Read a file, or a range of it" : "Look at a file",
      tag: "files",
      params: fileParams,
      querystring: readFileQuery,
      headers: {
        range: "A single range of bytes",
        "if-range": "The ETag for which the range is meant",
        "if-match": "The ETag that the file must have",
        "if-none-match": "The ETag that the caller has already",
      },
      answers: {
        200: { description: "The file", ...bytes },
        ...(method === "GET" ? { 206: { description: "The range", ...bytes } } : {}),
        304: { description: "The caller has it already" },
      },
      errors: [
        ...OF_FILE,
        "file-not-found",
        ...(method === "GET" ? (["range-not-satisfiable", "object-missing"] as const) : []),
      ],
    }),
    handler: async (request, reply) => {
      const path = filePathOf(request.raw.url ?? "");
      const file = await deps.services.files.head(callerOf(request), request.params.id, path);
      return await answerFile(deps, request, reply, file, request.query.disposition);
    },
  });
}

function addDeleteRoute(app: App, deps: RouteDeps): void {
  app.route({
    method: "DELETE",
    url: URL,
    schema: schemaOf({
      operationId: "deleteFile",
      summary: "Delete a file, and answer once its object is verified gone",
      tag: "files",
      params: fileParams,
      querystring: noQuery,
      headers: { "if-match": "The ETag that the file must have now" },
      answers: {
        202: { description: "The object is still being removed", json: pendingFileSchema },
        204: { description: "Gone, and verified" },
      },
      errors: [...OF_FILE, "file-not-found", "project-held"],
    }),
    handler: async (request, reply): Promise<PendingFileJson | undefined> => {
      const { id } = request.params;
      const path = filePathOf(request.raw.url ?? "");
      const precondition = await preconditionOf(deps, request, id, path);
      const result = await deps.services.files.delete(callerOf(request), id, path, precondition);
      if (result.outcome === "deleted") return reply.code(204).send();
      reply.code(202);
      return { path: result.path, outcome: "pending", code: result.code };
    },
  });
}

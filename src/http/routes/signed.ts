import { ExpungeError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { App, RouteDeps } from "../deps.ts";
import { answerFile } from "../file-answer.ts";
import { schemaOf } from "../operation.ts";
import { quoteEtag } from "../preconditions.ts";
import { downloadParams, downloadQuery } from "../schema/file.ts";
import { signedPartParams, signedPartQuery } from "../schema/upload.ts";
import { bodyOfRequest, goneSignal } from "../streams.ts";

const PART_URL = "/v1/upload-parts/:projectUid/:uploadId/:partNumber";

/** What a signed URL of our own server leads to: the signature is all the right that is needed. */
export function addSignedRoutes(app: App, deps: RouteDeps): void {
  void app.register(async (raw: App) => {
    raw.removeAllContentTypeParsers();
    raw.addContentTypeParser("*", (_request, _payload, done) => done(null));
    // A browser on another origin sends the part and must be able to read its ETag, and a refusal.
    raw.addHook("onRequest", async (_request, reply) => {
      reply.headers({
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "ETag, X-Request-Id, Retry-After",
        "cross-origin-resource-policy": "cross-origin",
      });
    });
    addPreflightRoute(raw);
    addPartRoute(raw, deps);
  });
  addDownloadRoute(app, deps, "GET");
  addDownloadRoute(app, deps, "HEAD");
}

function addPreflightRoute(app: App): void {
  app.route({
    method: "OPTIONS",
    url: PART_URL,
    config: { access: "public" },
    schema: schemaOf({
      operationId: "preflightPart",
      summary: "Answer a browser's preflight for a part",
      tag: "uploads",
      access: "public",
      params: signedPartParams,
      querystring: signedPartQuery.partial(),
      answers: { 204: { description: "PUT is allowed" } },
      errors: [],
    }),
    handler: async (request, reply) => {
      const headers = request.headers["access-control-request-headers"] ?? "content-type";
      reply.headers({
        "access-control-allow-methods": "PUT",
        "access-control-allow-headers": headers,
        "access-control-max-age": String(LIMITS.corsMaxAgeSeconds),
        vary: "access-control-request-headers",
      });
      return reply.code(204).send();
    },
  });
}

function addPartRoute(app: App, deps: RouteDeps): void {
  app.route({
    method: "PUT",
    url: PART_URL,
    config: { access: "public" },
    schema: schemaOf({
      operationId: "putPart",
      summary: "Send one part of a direct upload to its signed URL",
      tag: "uploads",
      access: "public",
      params: signedPartParams,
      querystring: signedPartQuery,
      rawBody: true,
      answers: { 200: { description: "Received; its ETag is in the header" } },
      errors: ["url-invalid", "upload-not-open", "size-mismatch", "project-not-active"],
    }),
    handler: async (request, reply) => {
      const { length, expires, tag } = request.query;
      const part = await deps.services.uploads.receivePart(
        {
          ...request.params,
          sizeBytes: signedNumber(length),
          expiresAt: signedNumber(expires),
          tag,
        },
        bodyOfRequest(request),
        goneSignal(reply),
      );
      return reply.code(200).header("etag", quoteEtag(part.etag)).send();
    },
  });
}

function addDownloadRoute(app: App, deps: RouteDeps, method: "GET" | "HEAD"): void {
  const bytes = method === "GET" ? { media: "*/*" } : {};
  app.route({
    method,
    url: "/v1/downloads/:projectUid/:fileUid",
    config: { access: "public", swagger: { exposeHeadRoute: true } },
    schema: schemaOf({
      operationId: method === "GET" ? "download" : "headDownload",
      summary: method === "GET" ? "Download a file by its signed URL" : "Look at a download",
      tag: "files",
      access: "public",
      params: downloadParams,
      querystring: downloadQuery,
      headers: { range: "A single range of bytes" },
      answers: {
        200: { description: "The file", ...bytes },
        ...(method === "GET" ? { 206: { description: "The range", ...bytes } } : {}),
        304: { description: "The caller has it already" },
      },
      errors: [
        "url-invalid",
        "file-not-found",
        "precondition-failed",
        ...(method === "GET" ? (["range-not-satisfiable", "object-missing"] as const) : []),
      ],
    }),
    handler: async (request, reply) => {
      const { projectUid, fileUid } = request.params;
      const { path, expires, tag, disposition } = request.query;
      const file = await deps.services.signedUrls.resolve(
        projectUid,
        fileUid,
        path,
        signedNumber(expires),
        tag,
      );
      return await answerFile(deps, request, reply, file, disposition);
    },
  });
}

/** A number as it was signed: any other spelling of it was not. */
function signedNumber(text: string): number {
  if (/^(0|[1-9]\d{0,15})$/.test(text)) return Number(text);
  throw new ExpungeError("url-invalid", "The URL was changed.");
}

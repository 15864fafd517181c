/**
 * Uppy's AwsS3 plugin before expunge: the browser sends the parts straight to the store, and asks the
 * application for their URLs, which knows its user and asks expunge. The protocol is that of Uppy's
 * Companion, which versions 5 and 6 of the plugin speak (docs/uploads.md).
 */
import { LIMITS } from "../core/limits.ts";
import { planParts } from "../core/parts.ts";
import type { FileJson } from "../http/schema/index.ts";
import { type ExpungeClientError, isExpungeClientError, refusedCall } from "./error.ts";
import type { ExpungeClient } from "./client.ts";

/** What the plugin takes, in either version. */
export interface UppyOptions {
  readonly companionEndpoint: string;
  readonly endpoint: string;
  readonly shouldUseMultipart: true;
  getChunkSize(file: { readonly size: number }): number;
}

/**
 * Options for `uppy.use(AwsS3, ...)`, in the browser. Also tell expunge the sizes:
 * `uppy.on("file-added", ({ id, size }) => uppy.setFileMeta(id, { sizeBytes: size }))`.
 * @param url the route of the application that calls `answerUppy`
 */
export function uppyOptions(url: string): UppyOptions {
  const companionEndpoint = url.replace(/\/+$/, "");
  return {
    companionEndpoint,
    endpoint: companionEndpoint,
    shouldUseMultipart: true,
    // The parts that expunge will sign: every URL is good for one length only.
    getChunkSize: ({ size }) =>
      planParts(size, { partBytesMin: 1, partBytesMax: LIMITS.s3PartBytesMax }).partSizeBytes,
  };
}

/** A file as Uppy names it. The person in the browser chose all of it: trust nothing. */
export interface UppyFile {
  readonly filename: string;
  readonly contentType: string;
  /** The file's `meta` in Uppy. */
  readonly meta: Readonly<Record<string, unknown>>;
}

/** Where the files of this person go. */
export interface AnswerOptions {
  /** The project, which the application has found to be this person's. */
  readonly projectId: string;
  /** The path of a file in the project; its name by default. */
  readonly pathOf?: (file: UppyFile) => string;
  /** What expunge keeps with the file; nothing by default. */
  readonly metadataOf?: (file: UppyFile) => Record<string, unknown>;
  /** What Uppy's `uploadURL` shall be; the file's path by default. */
  readonly locationOf?: (file: FileJson) => string;
}

/**
 * Answers a request of Uppy's AwsS3 plugin: everything below the route whose URL `uppyOptions` was given.
 * The application authenticates its user first. Never rejects for a failed call: Uppy is told.
 */
export async function answerUppy(
  client: ExpungeClient,
  request: Request,
  options: AnswerOptions,
): Promise<Response> {
  try {
    return await answer(client, request, options);
  } catch (error) {
    if (!isExpungeClientError(error)) throw error;
    return failed(error);
  }
}

async function answer(
  client: ExpungeClient,
  request: Request,
  options: AnswerOptions,
): Promise<Response> {
  const url = new URL(request.url);
  const [, kind = "", rest = ""] =
    /\/s3\/(multipart|params|empty)((?:\/[^/]+){0,2})$/.exec(url.pathname) ?? [];
  const [uploadId, step] = rest.split("/").slice(1).map(decodeURIComponent);
  const key = url.searchParams.get("key") ?? "";
  if (kind === "params" && request.method === "GET") return emptyParams(url, options);
  if (kind === "empty" && request.method === "POST") return await putEmpty(client, url, options);
  if (kind !== "multipart") return notFound();
  if (uploadId === undefined) {
    return request.method === "POST" ? await open(client, request, options) : notFound();
  }
  const { projectId } = options;
  if (step === undefined && request.method === "DELETE") {
    await client.uploads.abort(projectId, uploadId);
    return json({});
  }
  if (step === undefined && request.method === "GET") {
    const parts = await client.uploads.parts(projectId, uploadId);
    return json(
      parts.map((part) => ({ PartNumber: part.partNumber, ETag: part.etag, Size: part.sizeBytes })),
    );
  }
  if (step === "complete" && request.method === "POST") {
    const file = await client.uploads.complete(projectId, uploadId, {
      parts: partsIn(await bodyOf(request)),
    });
    return json({ key, location: options.locationOf?.(file) ?? file.path });
  }
  if (step !== undefined && /^\d{1,5}$/.test(step) && request.method === "GET") {
    const { url, expiresAt } = await client.uploads.partUrl(projectId, uploadId, Number(step));
    return json({ url, expires: expiresAt });
  }
  return notFound();
}

async function open(
  client: ExpungeClient,
  request: Request,
  { projectId, pathOf, metadataOf }: AnswerOptions,
): Promise<Response> {
  const body = await bodyOf(request);
  const file = fileOf(body["filename"], body["type"], body["metadata"]);
  const sizeBytes = Number(file.meta["sizeBytes"]);
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 1) {
    throw refusedCall("The file's 'sizeBytes' is missing in its meta: see docs/uploads.md.");
  }
  const path = pathOf?.(file) ?? file.filename;
  const { contentType } = file;
  const input = { path, sizeBytes, contentType, metadata: metadataOf?.(file) ?? {} };
  const { uploadId } = await client.uploads.open(projectId, input);
  return json({ key: path, uploadId });
}

/** Uppy sends an empty file by a form; what the form holds is of no interest, for it is nothing. */
function emptyParams(url: URL, { pathOf }: AnswerOptions): Response {
  const query = url.searchParams;
  const meta = [...query].flatMap(([name, value]) => {
    const inner = /^metadata\[(.*)\]$/.exec(name)?.[1];
    return inner === undefined ? [] : [[inner, value] as const];
  });
  const file = fileOf(query.get("filename"), query.get("type"), Object.fromEntries(meta));
  const key = pathOf?.(file) ?? file.filename;
  const target = new URL(url.href.replace(/\/s3\/params\?.*$/, "/s3/empty"));
  target.search = new URLSearchParams({ key, type: file.contentType }).toString();
  return json({ method: "POST", url: target.href, fields: { key } });
}

async function putEmpty(
  client: ExpungeClient,
  url: URL,
  { projectId }: AnswerOptions,
): Promise<Response> {
  const contentType = url.searchParams.get("type") ?? undefined;
  const file = await client.files.put(projectId, url.searchParams.get("key") ?? "", "", {
    contentType,
  });
  return new Response(null, { status: 204, headers: { etag: `"${file.etag}"` } });
}

function fileOf(filename: unknown, type: unknown, metadata: unknown): UppyFile {
  if (typeof filename !== "string" || filename === "") throw refusedCall("The file has no name.");
  const meta = typeof metadata === "object" && metadata !== null ? { ...metadata } : {};
  return {
    filename,
    contentType: typeof type === "string" && type !== "" ? type : "application/octet-stream",
    meta,
  };
}

function partsIn(body: Readonly<Record<string, unknown>>): { partNumber: number; etag: string }[] {
  const { parts } = body;
  if (!Array.isArray(parts)) throw refusedCall("The parts are missing.");
  return parts.map((part: unknown) => {
    const { PartNumber, ETag } = part as { readonly PartNumber: unknown; readonly ETag: unknown };
    return { partNumber: Number(PartNumber), etag: String(ETag) };
  });
}

async function bodyOf(request: Request): Promise<Readonly<Record<string, unknown>>> {
  try {
    const body: unknown = await request.json();
    if (typeof body === "object" && body !== null) return { ...body };
  } catch {
    // Said below: it is a refusal either way.
  }
  throw refusedCall("The body is no JSON object.");
}

function json(body: object, status = 200): Response {
  return Response.json(body, { status, headers: { "cache-control": "no-store" } });
}

function notFound(): Response {
  return json({ message: "There is no such step of an upload." }, 404);
}

/** What went wrong between application and expunge is the application's to know, not the person's. */
function failed({ status, code, message }: ExpungeClientError): Response {
  const isOwn = code === "unauthorized" || code === "forbidden" || status >= 500;
  if (status === 0 && (code === "invalid-request" || code === "invalid-path")) {
    return json({ code, message }, 400);
  }
  if (status === 0 || isOwn)
    return json({ code: "unavailable", message: "The upload cannot be served just now." }, 502);
  return json({ code, message }, status);
}

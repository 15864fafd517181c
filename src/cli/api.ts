import { isExpungeError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { normalisePath } from "../core/paths.ts";
import { type Client, type Query, type Request, segment } from "./client.ts";
import type {
  BulkDeleteJson,
  BulkDeletionJson,
  BulkPlanJson,
  DeletionJson,
  FileJson,
  PartUrlJson,
  PlanJson,
  ProjectJson,
  ReceiptJson,
  UploadJson,
} from "../http/schema/index.ts";

/** The calls of the service's API that the commands make, by name. */

export function projectPath(id: string): string {
  return `/v1/projects/${segment(id)}`;
}

/** A path of a file has the server's own form first: a URL would resolve '..' on the way. */
export function filePath(id: string, path: string): string {
  const segments = normalisePath(path).split("/").map(segment);
  return `${projectPath(id)}/files/${segments.join("/")}`;
}

export function createProject(client: Client, input: object): Promise<ProjectJson> {
  return client.json("/v1/projects", { method: "POST", json: input });
}

export function getProject(client: Client, id: string): Promise<ProjectJson> {
  return client.json(projectPath(id));
}

export function planDeletion(client: Client, id: string): Promise<PlanJson> {
  return client.json(projectPath(id), { method: "DELETE", query: { dryRun: true } });
}

export interface RequestedDeletion {
  readonly deletion: DeletionJson;
  /** Whether it waits by design, because it can still be undone, and not by its size. */
  readonly isInGrace: boolean;
}

/**
 * Requests the deletion and does not wait: whoever wants to see its end follows it. One that is blocked
 * already is answered as such, with its residue.
 */
export async function requestDeletion(
  client: Client,
  id: string,
  query: Query = {},
): Promise<RequestedDeletion> {
  const headers = { prefer: "respond-async" };
  try {
    const response = await client.send(projectPath(id), { method: "DELETE", query, headers });
    const deletion = (await response.json()) as DeletionJson;
    return { deletion, isInGrace: isInGrace(deletion, response.headers.get("date")) };
  } catch (error) {
    const blocked = isExpungeError(error, "deletion-blocked") ? error.details["deletion"] : null;
    if (typeof blocked !== "object" || blocked === null) throw error;
    return { deletion: blocked as DeletionJson, isInGrace: false };
  }
}

/** Requests the deletions of many projects; `query` may ask for the plans alone. */
export function requestDeletions(
  client: Client,
  selection: BulkDeleteJson,
  query: Query,
): Promise<BulkDeletionJson> {
  return client.json("/v1/projects:delete", { method: "POST", json: selection, query });
}

export function planDeletions(client: Client, selection: BulkDeleteJson): Promise<BulkPlanJson> {
  const query = { dryRun: true };
  return client.json("/v1/projects:delete", { method: "POST", json: selection, query });
}

/** The resolution of the header that tells the service's time. */
const SECOND_MS = 1000;

/** Judged by the service's clock: the one of this machine may be wrong by more than the grace. */
function isInGrace({ state, purgeAfter }: DeletionJson, date: string | null): boolean {
  const now = date === null ? Date.now() : Date.parse(date) + SECOND_MS;
  return state === "trashed" && Date.parse(purgeAfter) > now;
}

export function getDeletion(client: Client, id: string): Promise<DeletionJson> {
  return client.json(`/v1/deletions/${segment(id)}`);
}

export function retryDeletion(client: Client, id: string): Promise<DeletionJson> {
  return client.json(`/v1/deletions/${segment(id)}/retry`, { method: "POST" });
}

export function getReceipt(client: Client, projectUid: string): Promise<ReceiptJson> {
  return client.json(`/v1/receipts/${segment(projectUid)}`);
}

export function putFile(
  client: Client,
  id: string,
  path: string,
  request: Pick<Request, "body" | "headers">,
): Promise<FileJson> {
  return client.json(filePath(id, path), { ...request, method: "PUT" });
}

/** The answer whose body are the file's bytes. */
export function getFile(client: Client, id: string, path: string): Promise<Response> {
  return client.send(filePath(id, path));
}

export function openUpload(
  client: Client,
  id: string,
  input: { readonly path: string; readonly sizeBytes: number; readonly contentType: string },
): Promise<UploadJson> {
  return client.json(`${projectPath(id)}/uploads`, { method: "POST", json: input });
}

/** Sends one part by its signed URL, as a browser would. */
export async function sendPart(
  client: Client,
  id: string,
  uploadId: string,
  partNumber: number,
  body: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const path = `${projectPath(id)}/uploads/${segment(uploadId)}/parts/${partNumber}`;
  const { url, headers } = await client.json<PartUrlJson>(path);
  const response = await client.send(url, { method: "PUT", headers, body });
  await response.body?.cancel();
}

export function completeUpload(client: Client, id: string, uploadId: string): Promise<FileJson> {
  const path = `${projectPath(id)}/uploads/${segment(uploadId)}/complete`;
  return client.json(path, { method: "POST", json: {} });
}

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** All items of a list, page by page. */
export async function listAll<T>(client: Client, path: string, query: Query): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await client.json(path, {
      query: { limit: LIMITS.pageItemsMax, ...query, ...(cursor === null ? {} : { cursor }) },
    });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return items;
}

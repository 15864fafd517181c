import { isExpungeError } from "../core/errors.ts";
import { normalisePath } from "../core/paths.ts";
import { ExpungeClientError, refusedCall } from "./error.ts";

/**
 * One segment of a path.
 * @throws ExpungeClientError `invalid-request` for what a URL would take for a step to elsewhere
 */
export function segment(text: string): string {
  if (text === "" || text === "." || text === "..") {
    throw refusedCall(`'${text}' cannot be the name of anything.`);
  }
  return encodeURIComponent(text);
}

export function projectPath(id: string): string {
  return `/v1/projects/${segment(id)}`;
}

/**
 * A path of a file has the server's own form first: a URL would resolve '..' on the way.
 * @throws ExpungeClientError `invalid-path`, `invalid-request`
 */
export function filePath(id: string, path: string): string {
  return `${projectPath(id)}/files/${normalised(path).split("/").map(segment).join("/")}`;
}

function normalised(path: string): string {
  try {
    return normalisePath(path);
  } catch (error) {
    if (!isExpungeError(error)) throw error;
    throw new ExpungeClientError(error.code, error.message, { cause: error });
  }
}

export function uploadPath(projectId: string, uploadId: string): string {
  return `${projectPath(projectId)}/uploads/${segment(uploadId)}`;
}

export function deletionPath(id: string): string {
  return `/v1/deletions/${segment(id)}`;
}

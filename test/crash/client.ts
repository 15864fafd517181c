import { createHash } from "node:crypto";
import type { ServiceProcess } from "../support/service-process.ts";
import type { Answer, History, Operation } from "./history.ts";
import { CRASH_LIMITS } from "./limits.ts";
import type { Rig, Slot } from "./rig.ts";

const ACCEPTED_ABOVE = 200;
const REFUSED_ABOVE = 400;
const FAILED_ABOVE = 500;

interface Reply {
  readonly status: number;
  readonly bytes: Buffer;
}

export interface AskOptions {
  /** Which process is asked; any that is up where absent. */
  readonly slot?: Slot;
  readonly patienceMs?: number;
  /** What of an accepted reply goes into the history. */
  readonly facts?: (reply: Reply) => Pick<Answer, "id" | "content">;
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * An application that uses the service: it writes down each request before it sends it, and each
 * answer before it goes on.
 */
export class Client {
  readonly #rig: Rig;
  readonly #history: History;
  readonly #run: string;
  #turn = 0;

  constructor(rig: Rig, history: History, run: string) {
    this.#rig = rig;
    this.#history = history;
    this.#run = run;
  }

  /** One request to one process. */
  async ask(operation: Operation, options: AskOptions = {}): Promise<Answer> {
    const of = await this.#history.sent(this.#run, operation);
    const answer = await this.#send(operation, options);
    await this.#history.answered(this.#run, of, answer);
    return answer;
  }

  /** Asks again, of whoever is up, until the answer is a yes or a no. @throws Error when none comes */
  async insist(operation: Operation, options: AskOptions = {}): Promise<Answer> {
    for (let attempt = 1; attempt <= CRASH_LIMITS.attemptsMax; attempt++) {
      const answer = await this.ask(operation, options);
      if (answer.outcome === "acknowledged" || answer.outcome === "refused") return answer;
      await new Promise((resolve) => setTimeout(resolve, CRASH_LIMITS.retryMs * attempt));
    }
    throw new Error(`no process answers ${JSON.stringify(operation)}`);
  }

  /** Something that needs no place in the history, such as a part's URL; null where it failed. */
  async fetchJson(path: string): Promise<Record<string, unknown> | null> {
    try {
      const response = await this.#pick({}).service.request("GET", path);
      const text = await response.text();
      return response.ok ? (JSON.parse(text) as Record<string, unknown>) : null;
    } catch {
      // A process died or the database is away: the caller does without.
      return null;
    }
  }

  async #send(operation: Operation, options: AskOptions): Promise<Answer> {
    const { method, path, ...content } = requestOf(operation);
    let reply: Reply;
    try {
      const { service } = this.#pick(options);
      const signal = AbortSignal.timeout(options.patienceMs ?? CRASH_LIMITS.answerMs);
      reply = await fetched(service, method, path, { ...content, signal });
    } catch (error) {
      return { outcome: wasRefusedByNobody(error) ? "unsent" : "unknown", status: null };
    }
    const { status } = reply;
    // A deletion that is blocked was requested all the same.
    const isBlocked = operation.op === "delete-project" && status === 409;
    if (status >= FAILED_ABOVE || isBlocked) return { outcome: "unknown", status };
    if (operation.op === "read" && isMissingFile(reply)) {
      return { outcome: "acknowledged", status, content: null };
    }
    if (status < ACCEPTED_ABOVE || status >= REFUSED_ABOVE) return { outcome: "refused", status };
    if (operation.op === "read") {
      return { outcome: "acknowledged", status, content: sha256Of(reply.bytes) };
    }
    return { outcome: "acknowledged", status, ...factsOf(operation, reply) };
  }

  #pick({ slot }: AskOptions): Slot {
    if (slot !== undefined) return slot;
    const { up } = this.#rig;
    const picked = up[this.#turn++ % Math.max(up.length, 1)];
    if (picked === undefined) throw new NobodyError("no process is up");
    return picked;
  }
}

/** Contents by their SHA-256, so that the history need not hold them. */
const CONTENTS = new Map<string, string>();

/** A text of its own for a version of a file; answers its SHA-256. An empty one is a file too. */
export function contentOf(project: string, path: string, version: string, isEmpty = false): string {
  const line = `${project}/${path} ${version}\n`;
  const text = isEmpty ? "" : line.repeat(1 + (line.length % 50));
  const sha256 = sha256Of(Buffer.from(text));
  CONTENTS.set(sha256, text);
  return sha256;
}

export function textOf(sha256: string): string {
  const text = CONTENTS.get(sha256);
  if (text === undefined) throw new Error("no such content was made");
  return text;
}

class NobodyError extends Error {}

function wasRefusedByNobody(error: unknown): boolean {
  if (error instanceof NobodyError) return true;
  if (!(error instanceof Error)) return false;
  const { cause } = error;
  return cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED";
}

function isMissingFile({ status, bytes }: Reply): boolean {
  return status === 404 && bytes.toString().includes('"file-not-found"');
}

function factsOf({ op }: Operation, { bytes }: Reply): Pick<Answer, "id"> {
  if (op !== "create-project" && op !== "open-upload") return {};
  const body = JSON.parse(bytes.toString()) as Readonly<Record<string, unknown>>;
  return { id: String(body[op === "create-project" ? "uid" : "uploadId"]) };
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly headers: Readonly<Record<string, string>>;
}

function requestOf(operation: Operation): Request {
  const { op, project } = operation;
  const base = `/v1/projects/${project}`;
  const json = (method: string, path: string, value: unknown): Request => ({
    method,
    path,
    body: JSON.stringify(value),
    headers: { "content-type": "application/json" },
  });
  const bare = (method: string, path: string): Request => ({
    method,
    path,
    headers: {},
  });
  switch (op) {
    case "create-project":
      return json("POST", "/v1/projects", { id: project });
    case "put": {
      const headers = { "content-type": "text/plain" };
      return {
        ...bare("PUT", `${base}/files/${operation.path}`),
        body: textOf(operation.sha256),
        headers,
      };
    }
    case "read":
      return bare("GET", `${base}/files/${operation.path}`);
    case "delete-file":
      return bare("DELETE", `${base}/files/${operation.path}`);
    case "open-upload": {
      const sizeBytes = operation.sizeBytes;
      return json("POST", `${base}/uploads`, { path: operation.path, sizeBytes });
    }
    case "complete-upload":
      return bare("POST", `${base}/uploads/${operation.upload}/complete`);
    case "delete-project": {
      const headers = operation.waits ? {} : { prefer: "respond-async" };
      const query = operation.graceMs > 0 ? `?grace=${operation.graceMs}ms` : "";
      return { ...bare("DELETE", `${base}${query}`), headers };
    }
    case "restore-project":
      return bare("POST", `${base}/restore`);
  }
}

async function fetched(
  service: ServiceProcess,
  method: string,
  path: string,
  options: Parameters<ServiceProcess["request"]>[2] & { readonly signal: AbortSignal },
): Promise<Reply> {
  const response = await service.request(method, path, options);
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
}

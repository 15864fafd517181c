import { Agent, request } from "node:http";
import type { Headers } from "../stream/transfer.ts";

export const OPERATIONS = ["upload", "download", "list", "delete file", "delete project"] as const;
export type OperationName = (typeof OPERATIONS)[number];

/** How often each is done, of a hundred. A client without files uploads one first. */
const SHARES: Readonly<Record<OperationName, number>> = {
  upload: 30,
  download: 45,
  list: 18,
  "delete file": 5,
  "delete project": 2,
};

const FILES_MAX = 40;
const SIZES_BYTES = [1, 1_000, 20_000, 100_000, 1_000_000] as const;

export interface Target {
  readonly url: string;
  readonly headers: Headers;
}

/** What became of one operation. */
export interface Sample {
  readonly name: OperationName;
  readonly tookMs: number;
  /** Null where all was well. */
  readonly problem: string | null;
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/**
 * One client with a project of its own, doing one operation after the other and looking at every answer:
 * a download must have the bytes that were sent, a list must name the files that are there, and a deleted
 * project must have a receipt.
 */
export class Client {
  readonly #target: Target;
  readonly #name: string;
  readonly #chance: () => number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #files = new Map<string, Buffer>();
  #generation = 0;
  #made = 0;

  constructor(target: Target, name: string, chance: () => number) {
    this.#target = target;
    this.#name = name;
    this.#chance = chance;
  }

  /** Makes the project. @throws Error when it cannot be made */
  async begin(): Promise<void> {
    const body = Buffer.from(JSON.stringify({ id: this.#project }));
    const json = { "content-type": "application/json" };
    const { status } = await this.#send("POST", "/v1/projects", body, json);
    if (status !== 201) throw new Error(`a project could not be made: ${status}`);
  }

  async step(): Promise<Sample> {
    const name = this.#choose();
    const begun = performance.now();
    let problem: string | null;
    try {
      problem = await this.#do(name);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    return { name, tookMs: performance.now() - begun, problem };
  }

  end(): void {
    this.#agent.destroy();
  }

  get #project(): string {
    return `${this.#name}-${this.#generation}`;
  }

  #choose(): OperationName {
    if (this.#files.size === 0) return "upload";
    if (this.#files.size >= FILES_MAX) return "delete project";
    let left = this.#chance() * 100;
    for (const name of OPERATIONS) {
      left -= SHARES[name];
      if (left < 0) return name;
    }
    return "list";
  }

  async #do(name: OperationName): Promise<string | null> {
    switch (name) {
      case "upload":
        return await this.#upload();
      case "download":
        return await this.#download();
      case "list":
        return await this.#list();
      case "delete file":
        return await this.#deleteFile();
      case "delete project":
        return await this.#deleteProject();
    }
  }

  async #upload(): Promise<string | null> {
    const sizeBytes = SIZES_BYTES[Math.floor(this.#chance() * SIZES_BYTES.length)] ?? 1;
    const name = `file-${++this.#made}`;
    const body = Buffer.alloc(sizeBytes, `${this.#project}/${name} `);
    const { status } = await this.#send("PUT", this.#pathOf(name), body);
    if (status !== 201) return `an upload answered ${status}`;
    this.#files.set(name, body);
    return null;
  }

  async #download(): Promise<string | null> {
    const [name, sent] = this.#any();
    const { status, body } = await this.#send("GET", this.#pathOf(name));
    if (status !== 200) return `a download answered ${status}`;
    return body.equals(sent) ? null : "a download had other bytes";
  }

  async #list(): Promise<string | null> {
    const { status, body } = await this.#send("GET", `/v1/projects/${this.#project}/files`);
    if (status !== 200) return `a list answered ${status}`;
    const { items } = JSON.parse(body.toString()) as { items: readonly unknown[] };
    return items.length === this.#files.size ? null : "a list had not every file";
  }

  async #deleteFile(): Promise<string | null> {
    const [name] = this.#any();
    this.#files.delete(name);
    const { status } = await this.#send("DELETE", this.#pathOf(name));
    return status === 204 ? null : `the deletion of a file answered ${status}`;
  }

  async #deleteProject(): Promise<string | null> {
    const path = `/v1/projects/${this.#project}`;
    const { status, body } = await this.#send("DELETE", path);
    this.#files.clear();
    this.#generation++;
    await this.begin();
    if (status !== 200) return `the deletion of a project answered ${status}`;
    const { state, receipt } = JSON.parse(body.toString()) as { state: string; receipt: unknown };
    return state === "completed" && typeof receipt === "string" ? null : "no receipt came";
  }

  #any(): readonly [string, Buffer] {
    const all = [...this.#files];
    const found = all[Math.floor(this.#chance() * all.length)];
    if (!found) throw new RangeError("there is no file");
    return found;
  }

  #pathOf(name: string): string {
    return `/v1/projects/${this.#project}/files/${name}`;
  }

  async #send(method: string, path: string, body?: Buffer, more: Headers = {}): Promise<Answer> {
    return await new Promise((resolve, reject) => {
      const length = body ? { "content-length": String(body.length) } : {};
      const headers = { ...this.#target.headers, ...more, ...length };
      const options = { method, headers, agent: this.#agent };
      const sent = request(this.#target.url + path, options, (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.once("error", reject);
        response.once("end", () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces) }),
        );
      });
      sent.once("error", reject);
      sent.end(body);
    });
  }
}

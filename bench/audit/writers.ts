import type { ServiceProcess } from "../../test/support/service-process.ts";

const WRITERS = 3;
const FILE_BYTES = 1_000;

/** Clients that upload files, one after the other, until they are told to stop. */
export class Writers {
  static readonly project = "written";
  readonly #service: ServiceProcess;
  readonly #ending = new AbortController();
  readonly #stored: string[] = [];
  #running: Promise<unknown> = Promise.resolve();

  private constructor(service: ServiceProcess) {
    this.#service = service;
  }

  static async start(service: ServiceProcess): Promise<Writers> {
    await service.json("POST", "/v1/projects", { json: { id: Writers.project }, status: 201 });
    const writers = new Writers(service);
    writers.#running = Promise.all(
      Array.from({ length: WRITERS }, (_, writer) => writers.#write(writer)),
    );
    // What it says is said by `stop`.
    writers.#running.catch(() => undefined);
    return writers;
  }

  /** @returns the paths of all files that were acknowledged @throws Error where one was not */
  async stop(): Promise<readonly string[]> {
    this.#ending.abort();
    await this.#running;
    return this.#stored;
  }

  async #write(writer: number): Promise<void> {
    for (let i = 0; !this.#ending.signal.aborted; i++) {
      const path = `${writer}/${i}`;
      const url = `/v1/projects/${Writers.project}/files/${path}`;
      const response = await this.#service.request("PUT", url, {
        body: new Uint8Array(FILE_BYTES).fill(writer),
      });
      const answer = await response.text();
      if (response.status !== 201)
        throw new Error(`an upload answered ${response.status}: ${answer}`);
      this.#stored.push(path);
    }
  }
}

import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { ServiceProcess, type StartOptions } from "../support/service-process.ts";

/** Processes of one service: on one database, one store, with one signing key. */
export class SharedService {
  readonly #dir: string;
  readonly #database: string;
  readonly objectsDir: string;
  readonly #keyPath: string;
  readonly #store: Readonly<Record<string, string>>;
  #processes: ServiceProcess[] = [];

  private constructor(
    dir: string,
    database: string,
    store: Readonly<Record<string, string>> | undefined,
  ) {
    this.#dir = dir;
    this.#database = database;
    this.objectsDir = join(dir, "objects");
    this.#keyPath = join(dir, "key.pem");
    this.#store = store ?? { EXPUNGE_STORE: `file:${this.objectsDir}` };
  }

  /**
   * For several tests of a file, whose `afterAll` disposes of it; see `ofTest`.
   * @param dir an empty directory
   * @param store settings of the store; a directory of its own where absent
   */
  static async prepare(
    dir: string,
    database: string,
    store?: Readonly<Record<string, string>>,
  ): Promise<SharedService> {
    const service = new SharedService(dir, database, store);
    const { privateKey } = generateKeyPairSync("ed25519");
    const pem = privateKey.export({ type: "pkcs8", format: "pem" });
    await writeFile(service.#keyPath, pem, { mode: 0o600 });
    return service;
  }

  /** For the test that runs: one that takes too long disposes of nothing, and its processes would outlive it. */
  static async ofTest(...args: Parameters<typeof SharedService.prepare>): Promise<SharedService> {
    const service = await SharedService.prepare(...args);
    onTestFinished(async () => {
      for (const process of service.#processes) await process.kill();
    });
    return service;
  }

  /** One more process. */
  async start(how: Pick<StartOptions, "nodeArgs" | "ipc"> = {}): Promise<ServiceProcess> {
    const dataDir = join(this.#dir, `process-${this.#processes.length}`);
    const process = await ServiceProcess.start(dataDir, {
      ...how,
      env: {
        EXPUNGE_DATABASE: this.#database,
        ...this.#store,
        EXPUNGE_SIGNING_KEY: this.#keyPath,
      },
    });
    this.#processes.push(process);
    return process;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) await process.stop();
  }
}

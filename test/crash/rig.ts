import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { givenS3, type S3Address, startCeph } from "../servers/ceph.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { S3Bucket } from "../support/s3-bucket.ts";
import { ServiceProcess } from "../support/service-process.ts";
import { settingsOf } from "../e2e/buckets.ts";
import { arm, STRUCK_BY_ORDER } from "./arming.ts";
import { CONFIG_FILE } from "./places.ts";
import type { Arming } from "./point-table.ts";

/** One of the two places in which a process of the service runs, again and again. */
export class Slot implements AsyncDisposable {
  readonly name: string;
  readonly #dir: string;
  readonly #start: () => Promise<ServiceProcess>;
  #service: ServiceProcess | null = null;
  #starts = 0;
  #isExpected = false;
  /** Whether clients may ask it: it is there and not stopped. */
  state: "up" | "down" | "stopped" = "down";
  /** Ends that nobody caused. */
  readonly surprises: string[] = [];

  /** @param dir where what the processes print is kept, once they have ended */
  constructor(name: string, dir: string, start: () => Promise<ServiceProcess>) {
    this.name = name;
    this.#dir = dir;
    this.#start = start;
  }

  /** The process that is there. @throws Error where there is none */
  get service(): ServiceProcess {
    if (this.#service === null) throw new Error(`${this.name} is down`);
    return this.#service;
  }

  async start(): Promise<void> {
    const service = await this.#start();
    this.#service = service;
    this.#isExpected = false;
    this.state = "up";
    const log = join(this.#dir, `${this.name}-${++this.#starts}.log`);
    service.child.once("close", () => writeFileSync(log, service.output));
    service.child.once("exit", (code, signal) => {
      this.state = "down";
      if (this.#isExpected || signal === "SIGKILL") return;
      const last = service.output.split("\n").slice(-20).join("\n");
      this.surprises.push(`${this.name} ended by itself with ${code ?? signal}:\n${last}`);
    });
  }

  async arm(arming: Arming | null): Promise<void> {
    if (this.state === "up") await arm(this.service.child, arming);
  }

  async kill(): Promise<void> {
    this.#isExpected = true;
    this.state = "down";
    await this.#service?.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  /** SIGSTOP, to be followed by `resume`. */
  stop(): void {
    this.state = "stopped";
    this.service.child.kill("SIGSTOP");
  }

  resume(): void {
    this.service.child.kill("SIGCONT");
    this.state = "up";
  }

  /** In order, as an operator would. */
  async shutDown(): Promise<void> {
    this.#isExpected = true;
    await this.#service?.stop();
    this.state = "down";
  }
}

/** What a campaign runs on: one PostgreSQL, one real S3 server, two processes of the service. */
export class Rig implements AsyncDisposable {
  readonly dir: string;
  readonly bucket: S3Bucket;
  readonly postgres: PostgresServer;
  readonly slots: readonly [Slot, Slot];
  readonly #stopStore: () => Promise<void>;
  readonly #faultsAt: number[] = [];

  private constructor(
    dir: string,
    bucket: S3Bucket,
    postgres: PostgresServer,
    stopStore: () => Promise<void>,
  ) {
    this.dir = dir;
    this.bucket = bucket;
    this.postgres = postgres;
    this.#stopStore = stopStore;
    this.slots = [this.#slot("one"), this.#slot("two")];
  }

  /** @param store the S3 server; one of its own where it is not given */
  static async start(store?: S3Address): Promise<Rig> {
    const dir = await mkdtemp(join(tmpdir(), "expunge-crash-"));
    const given = store ?? givenS3(process.env);
    const ceph = given === null ? await startCeph() : null;
    const address = given ?? ceph;
    if (address === null) throw new Error("there is no S3 server");
    const postgres = await startPostgres();
    const bucket = await S3Bucket.create(address);
    const rig = new Rig(dir, bucket, postgres, ceph?.stop ?? (async () => {}));
    try {
      await mkdir(join(dir, "claims"));
      await writeFile(join(dir, "expunge.config.json"), JSON.stringify(CONFIG_FILE));
      const { privateKey } = generateKeyPairSync("ed25519");
      const pem = privateKey.export({ type: "pkcs8", format: "pem" });
      await writeFile(join(dir, "key.pem"), pem, { mode: 0o600 });
      for (const slot of rig.slots) await slot.start();
    } catch (error) {
      await rig[Symbol.asyncDispose]();
      throw error;
    }
    return rig;
  }

  /** The slots that clients may ask. */
  get up(): readonly Slot[] {
    return this.slots.filter(({ state }) => state === "up");
  }

  noteFault(at: number): void {
    this.#faultsAt.push(at);
  }

  /** When the last fault before a time was done; 0 where there was none. */
  lastFaultBefore(at: number): number {
    return this.#faultsAt.findLast((fault) => fault <= at) ?? 0;
  }

  other(slot: Slot): Slot {
    return slot === this.slots[0] ? this.slots[1] : this.slots[0];
  }

  /** The file by which the one that is struck at a point is known. */
  claimOf(run: string): string {
    return join(this.dir, "claims", run);
  }

  #slot(name: string): Slot {
    return new Slot(name, this.dir, () =>
      ServiceProcess.start(join(this.dir, name), {
        env: {
          ...settingsOf(this.bucket),
          EXPUNGE_DATABASE: this.postgres.url,
          EXPUNGE_SIGNING_KEY: join(this.dir, "key.pem"),
          EXPUNGE_CONFIG: join(this.dir, "expunge.config.json"),
        },
        ...STRUCK_BY_ORDER,
      }),
    );
  }

  /** Removes the history and the logs, which nobody needs where nothing was found. */
  async forget(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }

  /** Ends everything; the directory with the history and the logs stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const slot of this.slots) {
      if (slot.state === "stopped") slot.resume();
      await slot.shutDown();
    }
    await this.postgres.stop();
    await this.bucket[Symbol.asyncDispose]();
    await this.#stopStore();
  }
}

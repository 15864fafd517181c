import { sha256 } from "@noble/hashes/sha2.js";
import { MemoryJobs } from "../../src/adapters/memory/jobs.ts";
import { MemoryMetadataStore } from "../../src/adapters/memory/metadata-store.ts";
import { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { retryingStore } from "../../src/adapters/retrying-store.ts";
import { fromUtf8, toBase64Url, toHex, utf8 } from "../../src/core/encoding.ts";
import { isTerminal } from "../../src/core/deletion.ts";
import { DEFAULT_ID_FORMAT } from "../../src/core/ids.ts";
import { canonicalPrefix } from "../../src/core/keys.ts";
import { createLayoutSet, type LayoutSet } from "../../src/core/layouts/index.ts";
import type { Log } from "../../src/ports/log.ts";
import type { MetadataStore } from "../../src/ports/metadata/index.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { Signer, UrlSigner } from "../../src/ports/signer.ts";
import type { Context } from "../../src/services/context.ts";
import { DeletionWatch } from "../../src/services/deletion-watch.ts";
import { InFlight } from "../../src/services/in-flight.ts";
import { createServices, type Services } from "../../src/services/index.ts";
import { jobHandlers, scanForever } from "../../src/services/worker.ts";
import { checkedStore, Losses } from "./checked-store.ts";
import { ADMIN, Client } from "./clients.ts";
import { checkEnd } from "./end-checks.ts";
import { contentOf, type ProjectModel, type Violation, Violations } from "./model.ts";
import { jobsOf, metadataOf, storeOf } from "./ports.ts";
import { type FaultRates, NO_FAULTS, Process } from "./process.ts";
import { World } from "./world.ts";

/** One wrong line, put in at a port: the checkers must find it out. */
export interface Mutant {
  readonly name: string;
  readonly store?: (store: ObjectStore) => ObjectStore;
  readonly metadata?: (store: MetadataStore) => MetadataStore;
  readonly layouts?: (layouts: LayoutSet) => LayoutSet;
}

export interface SimulationResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly hash: string;
  readonly events: number;
  readonly deletions: number;
  readonly faults: ReadonlyMap<string, number>;
}

const LAYOUTS = [
  { name: "old", template: "old/{project}/**" },
  { name: "audio", template: "audio/proj_{project}/*" },
];
/** Siblings on purpose: each is a prefix of another (I4). */
const IDS = ["p1", "p10", "p1-0", "p"];
const FAULT_TIME_MS = 30 * 60_000;
/** After the last fault every due deletion must end within this (I9). */
const LIVENESS_MS = 6 * 3_600_000;
const CONVERGE_STEP_MS = 15 * 60_000;

/** One run: faults, then heal, then the bound within which all must have come to its end. */
export async function simulate(
  seed: number,
  options: { readonly trace?: (line: string) => void; readonly mutant?: Mutant } = {},
): Promise<SimulationResult> {
  const simulation = new Simulation(seed, options.mutant, options.trace ?? null);
  return await simulation.run();
}

class Simulation {
  readonly #seed: number;
  readonly #world: World;
  readonly #layouts: LayoutSet = createLayoutSet(DEFAULT_ID_FORMAT, LAYOUTS);
  readonly #violations = new Violations();
  readonly #losses = new Losses();
  readonly #objects: MemoryObjectStore;
  readonly #metadata: MemoryMetadataStore;
  readonly #jobs: MemoryJobs;
  readonly #store: ObjectStore;
  readonly #mutant: Mutant | undefined;
  readonly #faults = new Map<string, number>();
  readonly #projects: ProjectModel[] = [];
  readonly #slots = new Map<string, { process: Process; services: Services; stop: () => void }>();
  #rates: FaultRates = NO_FAULTS;
  #started = 0;

  constructor(seed: number, mutant: Mutant | undefined, trace: ((line: string) => void) | null) {
    this.#seed = seed;
    this.#world = new World(seed, trace);
    this.#mutant = mutant;
    const { rng } = this.#world;
    const clock = { now: () => this.#world.nowMs, sleep: () => Promise.resolve() };
    const random = { bytes: (length: number) => rng.bytes(length) };
    this.#objects = new MemoryObjectStore(clock, {
      random,
      pageKeys: rng.between(1, 20),
      emptyPages: rng.chance(0.3),
      versioning: rng.pick(["none", "none", "enabled", "suspended"]),
    });
    this.#metadata = new MemoryMetadataStore(clock);
    this.#jobs = new MemoryJobs(timers(this.#world), SILENT);
    this.#store = checkedStore(
      this.#objects,
      () => this.#objects.snapshot(),
      this.#metadata,
      this.#layouts,
      this.#violations,
      this.#losses,
    );
  }

  async run(): Promise<SimulationResult> {
    await this.#plant();
    const { rng } = this.#world;
    this.#rates = {
      refused: rng.pick([0, 0.02, 0.1]),
      lost: rng.pick([0, 0.02, 0.08]),
      late: rng.pick([0, 0.01, 0.05]),
      twice: rng.pick([0, 0.02, 0.1]),
    };
    for (const name of ["api1", "api2", "worker1", "worker2"]) this.#start(name);
    for (let i = 1; i <= 3; i++) {
      const client = new Client(this.#world, `client${i}`, this.#projects, () => this.#api());
      void client.act(rng.between(10, 30));
    }
    this.#nemesis();
    await this.#world.run(FAULT_TIME_MS);
    this.#heal();
    await this.#converge();
    const deletions = await checkEnd({
      objects: this.#objects,
      metadata: this.#metadata,
      layouts: this.#layouts,
      projects: this.#projects,
      losses: this.#losses,
      violations: this.#violations,
      signer: SIGNER,
    });
    return {
      seed: this.#seed,
      violations: this.#violations.found,
      hash: this.#world.hash,
      events: this.#world.events,
      deletions,
      faults: this.#faults,
    };
  }

  /** Projects with sibling ids, and what usually stays behind. */
  async #plant(): Promise<void> {
    for (const [i, id] of IDS.entries()) {
      const uid = `0${i}`.padEnd(26, "a");
      await this.#metadata.createProject({
        id,
        uid,
        name: id,
        owner: ADMIN.subject,
        metadata: {},
        quotaBytes: null,
        ttlMs: null,
        expiresAt: null,
      });
      const planted = new Map<string, string>();
      for (const key of [
        `${canonicalPrefix(uid)}stray`,
        `${canonicalPrefix(uid)}deep/er/stray`,
        `old/${id}/a`,
        `old/${id}/b/c`,
        `audio/proj_${id}/x`,
      ]) {
        planted.set(key, `planted ${key}`);
        // Older versions below it, where they are kept.
        for (const text of ["older", "old", `planted ${key}`]) {
          await this.#objects.put(key, contentOf(text));
        }
      }
      // Only a marker and what it hides, where that is kept.
      await this.#objects.put(`${canonicalPrefix(uid)}hidden`, contentOf("hidden"));
      await this.#objects.remove([`${canonicalPrefix(uid)}hidden`]);
      await this.#objects.createUpload(`${canonicalPrefix(uid)}open`, "x/y");
      await this.#objects.createUpload(`old/${id}/open`, "x/y");
      this.#projects.push({
        id,
        uid,
        files: new Map(),
        planted,
        deletionRequested: false,
        purgeNotBefore: Number.POSITIVE_INFINITY,
      });
    }
  }

  #start(slot: string): void {
    const name = `${slot}.${++this.#started}`;
    const process = new Process(this.#world, name, this.#faults);
    process.rates = this.#rates;
    const skewMs = this.#world.rng.pick([0, 0, -7_200_000, 7_200_000]);
    const { rng } = this.#world;
    const mine = this.#jobs.attach();
    const mutated = this.#mutant?.metadata?.(this.#metadata) ?? this.#metadata;
    const random = { bytes: (length: number) => rng.bytes(length) };
    const reached = storeOf(process, this.#mutant?.store?.(this.#store) ?? this.#store);
    const context: Context = {
      store: retryingStore(reached, { clock: process.clock, random }),
      metadata: metadataOf(process, mutated),
      jobs: jobsOf(process, mine),
      clock: { ...process.clock, now: () => process.clock.now() + skewMs },
      random,
      signer: SIGNER,
      urlSigner: URL_SIGNER,
      log: SILENT,
      layouts: this.#mutant?.layouts?.(this.#layouts) ?? this.#layouts,
      settings: { graceMs: 0, deleteWaitMs: 60_000, urlExpiryMs: 60_000, settleMs: [] },
      inFlight: new InFlight(),
      watch: new DeletionWatch(),
    };
    const stopping = new AbortController();
    if (slot.startsWith("worker")) {
      void mine.work(jobHandlers(context));
      void scanForever(context, stopping.signal);
    }
    const stop = (): void => {
      process.kill();
      mine.crash();
    };
    this.#slots.set(slot, { process, services: createServices(context), stop });
  }

  #api(): Services | null {
    const slot = this.#slots.get(this.#world.rng.pick(["api1", "api2"]));
    return slot?.process.alive ? slot.services : null;
  }

  /** Kills and pauses processes at random until the faults end. */
  #nemesis(): void {
    const { rng } = this.#world;
    const strikes = rng.between(0, 8);
    for (let i = 0; i < strikes; i++) {
      this.#world.schedule(rng.between(1000, FAULT_TIME_MS), () => {
        const name = rng.pick([...this.#slots.keys()]);
        const slot = this.#slots.get(name);
        if (!slot?.process.alive) return;
        if (rng.chance(0.3)) return slot.process.pause(rng.between(1000, 120_000));
        slot.stop();
        this.#world.schedule(rng.between(100, 30_000), () => this.#start(name));
      });
    }
  }

  /** Runs on until every deletion has ended and every late effect has landed, or the bound is over. */
  async #converge(): Promise<void> {
    for (let at = FAULT_TIME_MS; at < FAULT_TIME_MS + LIVENESS_MS; at += CONVERGE_STEP_MS) {
      await this.#world.run(at + CONVERGE_STEP_MS);
      const deletions = await this.#metadata.listDeletions({ limit: 1000 });
      const removals = await this.#metadata.dueRemovals(1);
      const ended = deletions.every(({ state }) => isTerminal(state)) && removals.length === 0;
      if (ended && this.#world.underWay === 0) return;
    }
  }

  #heal(): void {
    this.#world.note("healed");
    this.#rates = NO_FAULTS;
    for (const { process } of this.#slots.values()) process.rates = NO_FAULTS;
  }
}

const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENT,
};

/** Deterministic and synchronous inside; the real signer is held to its own tests. */
const SIGNER: Signer = {
  publicKey: { kty: "OKP", crv: "Ed25519", x: "", kid: "sim", use: "sig", alg: "EdDSA" },
  sign: (payload) => Promise.resolve(`sim.${toBase64Url(payload)}.${toHex(sha256(payload))}`),
  verify: (jws) => {
    const [, payload = "", tag] = jws.split(".");
    const bytes = Buffer.from(payload, "base64url");
    if (toHex(sha256(bytes)) !== tag) throw new Error(`bad tag: ${fromUtf8(bytes)}`);
    return Promise.resolve(bytes);
  },
};

const URL_SIGNER: UrlSigner = {
  sign: (text) => toHex(sha256(utf8(text))),
  verify: (text, tag) => toHex(sha256(utf8(text))) === tag,
};

function timers(world: World): { now: () => number; sleep: Context["clock"]["sleep"] } {
  const process = new Process(world, "jobs", new Map());
  return process.clock;
}

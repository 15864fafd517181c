import { MemoryMetadataStore } from "../../src/adapters/memory/metadata-store.ts";
import { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { DEFAULT_ID_FORMAT } from "../../src/core/ids.ts";
import { createLayoutSet } from "../../src/core/layouts/index.ts";
import { type Play, playClient, release } from "./acts.ts";
import { checkedMetadata } from "./checked-metadata.ts";
import { ReceiptChecks } from "./checked-receipts.ts";
import type { Api } from "./clients.ts";
import { checkEnd, hasEnded } from "./end-checks.ts";
import { drawRates, NO_FAULTS } from "./faults.ts";
import { SimulatedCdn } from "./cdn.ts";
import { Fleet, type PortMutant, SETTLE_MS } from "./fleet.ts";
import { type Ground, Losses, type Violation, Violations } from "./model.ts";
import { Nemesis, PAUSE_MAX_MS, RESTART_MAX_MS } from "./nemesis.ts";
import { endRelayouts, playOperator } from "./operator.ts";
import { adoptPlanted, plant } from "./planting.ts";
import { checkPlan } from "./plan-check.ts";
import type { Chance } from "./process.ts";
import { besiege } from "./siege.ts";
import { checkSettled, comeBack, hasSettled } from "./settling.ts";
import { SIGNER, URL_SIGNER } from "./signers.ts";
import { World } from "./world.ts";

export interface SimulationOptions {
  readonly trace?: (line: string) => void;
  readonly mutant?: PortMutant;
  /** Whether what is planted in legacy layouts is adopted, and moved to canonical keys beside all else. */
  readonly relayouts?: boolean;
}

export interface SimulationResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly hash: string;
  readonly events: number;
  /** Projects that were deleted, each with its receipt. */
  readonly deletions: number;
  readonly calls: number;
  readonly kills: number;
  /** How often each thing happened: a fault to a call, a transition, a strike. */
  readonly hits: ReadonlyMap<string, number>;
}

const MINUTE_MS = 60_000;
/** After the last fault every due deletion must end within this (I9). */
const LIVENESS_MS = 8 * 60 * MINUTE_MS;
const CONVERGE_STEP_MS = 10_000;

/** The layouts that every run has besides the canonical one; proven once. */
export const LAYOUTS = createLayoutSet(DEFAULT_ID_FORMAT, [
  { name: "old", template: "old/{project}/**" },
  { name: "audio", template: "audio/proj_{project}/*" },
]);

/** One run: faults, then heal, then the bound within which all must have come to its end. */
export async function simulate(
  seed: number,
  options: SimulationOptions = {},
): Promise<SimulationResult> {
  return await new Simulation(seed, options).run();
}

class Simulation {
  readonly #seed: number;
  readonly #world: World;
  readonly #ground: Ground;
  readonly #chance: Chance = { rates: NO_FAULTS, hits: new Map(), calls: 0 };
  readonly #fleet: Fleet;
  readonly #receipts: ReceiptChecks;
  readonly #api: Api;
  readonly #relayouts: boolean;

  constructor(seed: number, options: SimulationOptions) {
    this.#seed = seed;
    this.#relayouts = options.relayouts ?? false;
    this.#world = new World(seed, options.trace ?? null);
    this.#ground = makeGround(this.#world, this.#chance.hits);
    this.#receipts = new ReceiptChecks(this.#ground, SIGNER);
    this.#fleet = new Fleet({
      ground: this.#ground,
      database: checkedMetadata(this.#ground, this.#receipts),
      chance: this.#chance,
      signer: SIGNER,
      urlSigner: URL_SIGNER,
      mutant: options.mutant,
      doubleJobs: this.#world.rng.pick([0, 0, 0.2]),
    });
    this.#api = () => this.#fleet.services(this.#world.rng.pick(["api1", "api2"]));
  }

  async run(): Promise<SimulationResult> {
    const { rng } = this.#world;
    const isLarge = rng.chance(0.04);
    const empty = this.#ground.metadata.snapshot();
    await plant(this.#ground, isLarge ? 4 : rng.between(2, 3));
    for (const name of ["api1", "api2", "worker1", "worker2"]) this.#fleet.start(name);
    this.#chance.rates = drawRates(rng);
    const faultTimeMs = isLarge ? 30 * MINUTE_MS : rng.pick([1, 2, 4, 8]) * MINUTE_MS;
    const play = drawPlay(this.#world, isLarge, faultTimeMs);
    const clients = isLarge ? 3 : rng.between(1, 2);
    for (let i = 1; i <= clients; i++) {
      this.#ground.playing++;
      void playClient(this.#ground, `client${i}`, this.#api, play).then(
        () => this.#ground.playing--,
      );
    }
    if (this.#relayouts) await this.#playOperator(play);
    const nemesis = new Nemesis(this.#ground, this.#fleet, empty, () => this.#receipts.restored());
    nemesis.begin(faultTimeMs);
    await this.#world.run(faultTimeMs);
    nemesis.heal();
    this.#chance.rates = NO_FAULTS;
    this.#world.note("world", "healed", "");
    await this.#afterwards();
    checkEnd(this.#ground);
    await this.#receipts.check();
    return {
      seed: this.#seed,
      violations: this.#ground.violations.found,
      hash: this.#world.hash,
      events: this.#world.events,
      deletions: this.#receipts.count,
      calls: this.#chance.calls,
      kills: nemesis.kills,
      hits: this.#ground.hits,
    };
  }

  async #playOperator(play: Play): Promise<void> {
    await adoptPlanted(this.#ground);
    this.#ground.playing++;
    void playOperator(this.#ground, this.#api, play).then(() => this.#ground.playing--);
  }

  /** Without faults: what is held is released, some seeds are besieged, and all comes to its end. */
  async #afterwards(): Promise<void> {
    const { rng } = this.#world;
    // Until every process is there, and none is paused: calls that lay in one have been made then.
    await this.#run(Math.max(RESTART_MAX_MS, PAUSE_MAX_MS));
    if (rng.chance(0.7)) {
      const releases = this.#ground.projects.map((project) =>
        release(this.#ground, project, this.#api),
      );
      await Promise.all([...releases, this.#run(2 * MINUTE_MS)]);
    }
    await this.#converge();
    if (this.#relayouts) {
      await Promise.all([endRelayouts(this.#ground, this.#api), this.#run(2 * MINUTE_MS)]);
      await this.#converge();
    }
    if (rng.chance(0.08)) {
      await besiege(this.#ground, this.#api, this.#chance, (forMs) => this.#run(forMs));
      await this.#converge();
    }
    if (rng.chance(0.1)) {
      await checkPlan(this.#ground, this.#api, (forMs) => this.#run(forMs));
    }
    if (rng.chance(0.08)) await this.#settle();
  }

  /** Something of deleted projects comes back; the later looks find it, in half of the seeds under faults. */
  async #settle(): Promise<void> {
    const { rng } = this.#world;
    await comeBack(this.#ground);
    if (rng.chance(0.5)) {
      this.#chance.rates = drawRates(rng);
      await this.#run(SETTLE_MS + 5 * MINUTE_MS);
      this.#chance.rates = NO_FAULTS;
      for (const name of this.#fleet.names) {
        if (!this.#fleet.process(name)?.alive) this.#fleet.start(name);
      }
    } else await this.#run(SETTLE_MS);
    await this.#converge(() => hasSettled(this.#ground));
    checkSettled(this.#ground);
  }

  async #run(forMs: number): Promise<void> {
    await this.#world.run(this.#world.elapsedMs + forMs);
  }

  /** Runs on until every deletion has ended and every late effect has landed, or the bound is over. */
  async #converge(isOver = (): boolean => hasEnded(this.#ground)): Promise<void> {
    const until = this.#world.elapsedMs + LIVENESS_MS;
    while (this.#world.elapsedMs < until && !isOver()) {
      await this.#run(CONVERGE_STEP_MS);
    }
  }
}

function makeGround(world: World, hits: Map<string, number>): Ground {
  const { rng } = world;
  const clock = { now: () => world.nowMs, sleep: () => Promise.resolve() };
  const pageKeys = rng.pick([1, 2, 3, 5, 20]);
  const emptyPages = rng.chance(0.3);
  const versioning = rng.pick(["none", "none", "none", "enabled", "suspended"] as const);
  return {
    world,
    objects: new MemoryObjectStore(clock, {
      random: { bytes: (length) => rng.bytes(length) },
      pageKeys,
      emptyPages,
      versioning,
    }),
    metadata: new MemoryMetadataStore(clock),
    layouts: LAYOUTS,
    // By what is drawn already: a schedule that is known stays as it was.
    cdn: emptyPages
      ? new SimulatedCdn("url")
      : versioning === "none"
        ? null
        : new SimulatedCdn("prefix"),
    projects: [],
    playing: 0,
    versioned: versioning !== "none",
    isPaged: emptyPages,
    restored: null,
    returned: new Map(),
    blockedBy: new Map(),
    violations: new Violations(),
    losses: new Losses(),
    lostBeside: new Losses(),
    uploadsLost: new Losses(),
    partsLost: new Losses(),
    hits,
  };
}

function drawPlay({ rng }: World, isLarge: boolean, faultTimeMs: number): Play {
  const actions = isLarge ? rng.between(15, 30) : rng.between(4, 12);
  const pauseMaxMs = Math.ceil(faultTimeMs / actions);
  return { actions, pauseMaxMs, deletes: rng.pick([0.4, 0.7, 1]) };
}

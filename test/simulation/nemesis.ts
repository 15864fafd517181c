import type { MetadataSnapshot } from "../../src/adapters/memory/metadata/state.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import type { Fleet } from "./fleet.ts";
import { type Ground, hit } from "./model.ts";

/** A killed process is there again after this at the latest. */
export const RESTART_MAX_MS = 30_000;

/** A paused process goes on after this at the latest, also with what its caller has given up. */
export const PAUSE_MAX_MS = 120_000;

/** Everything that strikes while faults are on. */
export class Nemesis {
  readonly #ground: Ground;
  readonly #fleet: Fleet;
  readonly #empty: MetadataSnapshot;
  readonly #restored: () => void;
  kills = 0;

  /**
   * @param empty the database before there was anything in it
   * @param restored told when the database was put back
   */
  constructor(ground: Ground, fleet: Fleet, empty: MetadataSnapshot, restored: () => void) {
    this.#ground = ground;
    this.#fleet = fleet;
    this.#empty = empty;
    this.#restored = restored;
  }

  /** Spreads its strikes over the time. */
  begin(faultTimeMs: number): void {
    const { rng } = this.#ground.world;
    const strike = (most: number, what: () => void): void => {
      const times = rng.between(0, most);
      for (let i = 0; i < times; i++) {
        this.#ground.world.schedule(rng.between(1000, faultTimeMs), what);
      }
    };
    strike(6, () => this.#processFails());
    strike(2, () => this.#clockJumps());
    strike(3, () => this.#jobFromNowhere());
    if (rng.chance(0.25)) strike(2, () => this.#siege(rng.between(1000, faultTimeMs / 2)));
    if (rng.chance(0.1)) strike(1, () => this.#versioningTurnsOn());
    if (rng.chance(0.06)) this.#databaseIsRestored(faultTimeMs);
  }

  /** A backup, and later the disaster after which it is put back: every process dies of it (I11). */
  #databaseIsRestored(faultTimeMs: number): void {
    const { world, metadata } = this.#ground;
    const { rng } = world;
    // As one that was made before anything, or at any time.
    let backup = rng.chance(0.3) ? this.#empty : metadata.snapshot();
    const at = rng.between(1000, faultTimeMs - 1000);
    if (backup !== this.#empty) {
      world.schedule(rng.between(0, at), () => (backup = metadata.snapshot()));
    }
    world.schedule(at, () => {
      hit(this.#ground, "database restored");
      const names = this.#fleet.names;
      for (const name of names) this.#fleet.kill(name);
      const buried = this.#tombstones();
      metadata.restore(backup);
      this.#ground.restored = { times: (this.#ground.restored?.times ?? 0) + 1, buried };
      this.#restored();
      for (const name of names) {
        world.schedule(rng.between(100, RESTART_MAX_MS), () => {
          if (!this.#fleet.process(name)?.alive) this.#fleet.start(name);
        });
      }
    });
  }

  /** The projects whose deletion has a tombstone, as it was recorded: the store must have it then. */
  #tombstones(): ReadonlySet<string> {
    const rows = [...this.#ground.metadata.view().rows.deletions.values()];
    const buried = rows.filter(({ tombstoneKey }) => tombstoneKey !== null);
    return new Set(buried.map(({ projectUid }) => projectUid));
  }

  #processFails(): void {
    const { rng } = this.#ground.world;
    const name = rng.pick(this.#fleet.names);
    const process = this.#fleet.process(name);
    if (!process?.alive) return;
    if (rng.chance(0.3)) {
      hit(this.#ground, "pause");
      return process.pause(rng.between(1000, PAUSE_MAX_MS));
    }
    this.kills++;
    hit(this.#ground, "kill");
    this.#fleet.kill(name);
    this.#ground.world.schedule(rng.between(100, RESTART_MAX_MS), () => {
      if (!this.#fleet.process(name)?.alive) this.#fleet.start(name);
    });
  }

  #clockJumps(): void {
    const { rng } = this.#ground.world;
    const process = this.#fleet.process(rng.pick(this.#fleet.names));
    if (!process) return;
    hit(this.#ground, "clock jump");
    process.skewMs += rng.pick([-86_400_000, -3_600_000, 3_600_000, 86_400_000]);
  }

  /** A job delivered long after, or again: whatever became of its deletion since. */
  #jobFromNowhere(): void {
    const { world, metadata } = this.#ground;
    const ids = [...metadata.view().rows.deletions.keys()];
    if (ids.length === 0) return;
    const deletionId = world.rng.pick(ids);
    world.underWay++;
    world.schedule(world.rng.pick([0, 60_000, 3_600_000]), () => {
      world.underWay--;
      hit(this.#ground, "late job");
      void this.#fleet.jobs.enqueue("purge", { deletionId });
    });
  }

  /** The store turns calls away as a whole, for a while. */
  #siege(durationMs: number): void {
    const { world, objects } = this.#ground;
    const kind = world.rng.pick(["throttled", "denied"] as const);
    hit(this.#ground, `siege ${kind}`);
    const fail = (): StoreError => refusalOf(kind);
    objects.failures.fail = fail;
    world.schedule(durationMs, () => {
      if (objects.failures.fail === fail) objects.failures.fail = null;
    });
  }

  #versioningTurnsOn(): void {
    hit(this.#ground, "versioning turned on");
    this.#ground.objects.setVersioning("enabled");
  }

  /** Every process runs, and the store answers again. */
  heal(): void {
    this.#ground.objects.failures.fail = null;
    this.#ground.objects.failures.refuse = null;
  }
}

export function refusalOf(kind: "throttled" | "denied"): StoreError {
  return kind === "throttled"
    ? new StoreError("throttled", "retryable", "simulated siege", { retryAfterMs: 2000 })
    : new StoreError("access-denied", "blocked", "simulated siege");
}

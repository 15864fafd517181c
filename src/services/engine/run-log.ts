import { logEntry } from "../../core/removal-log.ts";
import type { Residue, Outcome, Surface, SurfaceCounts } from "../../core/model.ts";
import type { LogUnit, RemovalRecord } from "../purge/run.ts";
import { inOrder } from "../purge/seal.ts";
import { type Left, placeOf } from "./left.ts";

/** What became of one key, or of one version of it, or of an upload to it. */
export interface KeyOutcome {
  readonly surface: Surface;
  readonly key: string;
  readonly outcome: Outcome;
  readonly bytes: number;
  /** Why it remains; null where it does not. */
  readonly code: Residue["code"] | null;
}

/** What a run is at: it sweeps, then lists everything again. */
export type Stage = "sweep" | "verify";

type Counts = { -readonly [K in keyof SurfaceCounts]: SurfaceCounts[K] };

/** The removal log of one run of the engine, in memory: what was found, before it was removed (R5). */
export class RunLog implements RemovalRecord {
  readonly #units = new Map<string, { readonly surface: Surface; readonly bytes: number }>();
  readonly #onProgress: (log: RunLog) => void;
  #stage: Stage = "sweep";
  #gone = 0;

  constructor(onProgress: (log: RunLog) => void) {
    this.#onProgress = onProgress;
  }

  get stage(): Stage {
    return this.#stage;
  }

  get found(): number {
    return this.#units.size;
  }

  /** What the store called gone so far: progress, not evidence (R5). */
  get gone(): number {
    return this.#gone;
  }

  /** What was found once counts once, on the surface where it was found first. */
  async page(surface: Surface, units: readonly LogUnit[]): Promise<void> {
    for (const { unit, sizeBytes } of units) {
      if (!this.#units.has(unit)) this.#units.set(unit, { surface, bytes: sizeBytes });
    }
    this.#onProgress(this);
  }

  enter(stage: Stage): void {
    this.#stage = stage;
    this.#onProgress(this);
  }

  async retract(_surface: Surface, unit: string): Promise<void> {
    this.#units.delete(unit);
  }

  async progress(_surface: Surface, gone: number): Promise<void> {
    this.#gone += gone;
    this.#onProgress(this);
  }

  /** One for each unit, in no order. */
  leaves(salt: Uint8Array): readonly Uint8Array[] {
    return [...this.#units].map(
      ([unit, { surface, bytes }]) => logEntry(salt, surface, unit, bytes).leaf,
    );
  }

  /**
   * What became of everything that was found, and of tracked keys that no listing ever showed. Nothing
   * is called deleted but by a listing that was whole.
   */
  *outcomes(tracked: readonly string[], left: Left): Generator<KeyOutcome> {
    const seen = new Set<string>();
    for (const [unit, { surface, bytes }] of this.#units) {
      const [key = ""] = unit.split("\0");
      seen.add(placeOf({ surface, key }));
      const { outcome, code } = left.at(surface, key) ?? {
        outcome: left.isSure ? "deleted" : "unknown",
        code: null,
      };
      yield { surface, key, outcome, bytes, code };
    }
    // What came after the sweep, and surfaces that cannot be listed.
    for (const residue of left.residue) {
      const { surface, key, outcome, code } = residue;
      if (!seen.has(placeOf(residue))) yield { surface, key, outcome, bytes: 0, code };
      seen.add(placeOf(residue));
    }
    const outcome = left.isSure ? "absent" : "unknown";
    for (const key of tracked) {
      if (!seen.has(key)) yield { surface: "tracked", key, outcome, bytes: 0, code: null };
    }
  }

  counts(surfaces: readonly Surface[], outcomes: Iterable<KeyOutcome>): readonly SurfaceCounts[] {
    const none = { found: 0, deleted: 0, absent: 0, failed: 0, blocked: 0, unknown: 0, bytes: 0 };
    const all = new Map<Surface, Counts>();
    for (const { surface, outcome, bytes } of outcomes) {
      const counts = all.get(surface) ?? { surface, ...none };
      all.set(surface, counts);
      counts[outcome]++;
      counts.bytes += bytes;
    }
    for (const { surface } of this.#units.values()) {
      const counts = all.get(surface);
      if (counts) counts.found++;
    }
    return inOrder(surfaces, [...all.values()]);
  }
}

import { LIMITS } from "../../core/limits.ts";

/** What a database without an autovacuum needs to have done for it. */
export interface Upkeep {
  /** Makes the planner's statistics anew: without them keyset paging is 13 times slower. */
  analyze(): Promise<void>;
  /** Gives the place of erased rows back to new ones. */
  vacuum(): Promise<void>;
}

/**
 * Decides when. It runs before the operation that is announced, so that its failure is that
 * operation's failure, with nothing done yet, and nothing is swallowed (I12).
 */
export class UpkeepSchedule {
  readonly #upkeep: Upkeep | null;
  #inserted = 0;
  #insertedSince = 0;
  #erasedSince = 0;

  /** Null on a server, which has an autovacuum. */
  constructor(upkeep: Upkeep | null) {
    this.#upkeep = upkeep;
  }

  /** The more there are, the fewer must be new: a fifth, so that the cost stays in proportion. */
  async inserting(rows: number): Promise<void> {
    const enough = Math.max(LIMITS.analyzeEveryRows, this.#inserted / 5);
    if (this.#insertedSince >= enough) await this.#analyze();
    this.#inserted += rows;
    this.#insertedSince += rows;
  }

  /** Before much is read in order or erased. */
  async reading(): Promise<void> {
    if (this.#insertedSince >= LIMITS.leafPageRows) await this.#analyze();
  }

  async erasing(): Promise<void> {
    await this.reading();
    if (this.#erasedSince < LIMITS.vacuumEveryRows) return;
    this.#erasedSince = 0;
    await this.#upkeep?.vacuum();
  }

  erased(rows: number): void {
    this.#erasedSince += rows;
  }

  async #analyze(): Promise<void> {
    this.#insertedSince = 0;
    await this.#upkeep?.analyze();
  }
}

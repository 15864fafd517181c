import type { Clock } from "../../../ports/clock.ts";
import { copyOf } from "../copy.ts";
import { emptyRows, type MetadataSnapshot, type Rows, type Tx } from "./state.ts";

/** The rows, and how operations are run on them: each in one synchronous step. */
export abstract class MemoryBase {
  protected readonly clock: Clock;
  protected rows: Rows = emptyRows();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** A copy of all rows, as a backup of the database would hold them. */
  snapshot(): MetadataSnapshot {
    return { rows: structuredClone(this.rows) };
  }

  /** Puts the database back to an earlier moment (I11). The snapshot may be used again. */
  restore(snapshot: MetadataSnapshot): void {
    this.rows = structuredClone(snapshot.rows);
  }

  /** The rows themselves, to be looked at and not touched: what a checker reads at every effect. */
  view(): Tx {
    return { rows: this.rows, now: this.clock.now() };
  }

  protected run<T>(work: (tx: Tx) => T): T {
    return copyOf(work({ rows: this.rows, now: this.clock.now() }));
  }
}

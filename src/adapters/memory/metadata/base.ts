import type { Clock } from "../../../ports/clock.ts";
import { emptyRows, type Rows, type Tx } from "./state.ts";

/** The whole database at one moment, for `restore`. */
export interface MetadataSnapshot {
  readonly rows: Rows;
}

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

  protected run<T>(work: (tx: Tx) => T): T {
    return structuredClone(work({ rows: this.rows, now: this.clock.now() }));
  }
}

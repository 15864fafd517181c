import { DatabaseError } from "../../src/core/database-errors.ts";
import { isTerminal } from "../../src/core/deletion.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import { aroundStore } from "../../src/ports/around-store.ts";
import type { Log, LogFields } from "../../src/ports/log.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { Ground } from "./model.ts";

/** Answers of the store that say how things are: no failures. */
const FACTS: ReadonlySet<string> = new Set(["no-such-upload", "no-such-key"]);

/** One line of the log, as the checkers need it. */
interface Line {
  readonly isWarning: boolean;
  readonly text: string;
  readonly deletion: unknown;
  readonly error: unknown;
}

/**
 * Watches one run of a purge (I12): a failure that reached it and kept it from the receipt must show in
 * the log under the deletion's id, and in the deletion's record.
 */
export class PurgeWatch {
  readonly #ground: Ground;
  readonly #deletionId: string;
  readonly #lines: Line[] = [];
  #failure: string | null = null;
  #token: number | null = null;

  constructor(ground: Ground, deletionId: string) {
    this.#ground = ground;
    this.#deletionId = deletionId;
  }

  readonly log: Log = this.#logWith({});

  /** The store as the purge sees it, behind all retries. */
  around(store: ObjectStore): ObjectStore {
    return aroundStore(store, async (_call, run) => {
      try {
        const value = await run();
        this.#look(value);
        return value;
      } catch (error) {
        if (error instanceof StoreError && !FACTS.has(error.code)) this.#failure ??= error.code;
        throw error;
      }
    });
  }

  /** When the run has come to its end in a process that lives. */
  judge(): void {
    const ground = this.#ground;
    const { metadata, violations } = ground;
    const row = metadata.view().rows.deletions.get(this.#deletionId);
    if (this.#failure === null || !row || isTerminal(row.state)) return;
    const what = `${this.#deletionId}: the failure '${this.#failure}'`;
    const told = this.#lines.some(
      ({ isWarning, deletion }) => isWarning && deletion === this.#deletionId,
    );
    if (!told) violations.add("I12", `${what} is not in the log under its id`);
    const lost = this.#lines.some(({ text }) => text.startsWith("claim lost"));
    if (lost || this.#token === null || row.token !== this.#token) return;
    // An operator may have retried since.
    const isRecorded = row.blocked !== null || ground.blockedBy.get(row.id) === this.#token;
    if (!isRecorded && !this.#gaveUpForDatabase()) {
      violations.add("I12", `${what} is not in its record`);
    }
  }

  #gaveUpForDatabase(): boolean {
    return this.#lines.some(
      ({ text, error }) =>
        text.startsWith("deletion stopped by an error") && error instanceof DatabaseError,
    );
  }

  /** A removal that was refused for good is a failure too. */
  #look(value: unknown): void {
    if (!Array.isArray(value)) return;
    for (const result of value as readonly {
      result?: string;
      retryable?: boolean;
      code?: string;
    }[]) {
      if (result.retryable === false) this.#failure ??= result.code ?? "refused";
    }
  }

  #logWith(bound: LogFields): Log {
    const line =
      (isWarning: boolean) =>
      (fields: LogFields, text: string): void => {
        if (text === "deletion claimed") this.#claimed();
        const { deletion, err: error } = { ...bound, ...fields };
        this.#lines.push({ isWarning, text, deletion, error });
      };
    return {
      debug: line(false),
      info: line(false),
      warn: line(true),
      error: line(true),
      child: (fields) => this.#logWith({ ...bound, ...fields }),
    };
  }

  #claimed(): void {
    const row = this.#ground.metadata.view().rows.deletions.get(this.#deletionId);
    this.#token = row?.token ?? null;
  }
}

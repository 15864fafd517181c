import { join } from "node:path";
import { Checker } from "./checker.ts";
import type { Violation } from "./facts.ts";
import { History } from "./history.ts";
import { Line } from "./line.ts";
import type { Rig } from "./rig.ts";
import { NO_TAKEOVER, slower, type Takeover } from "./takeover.ts";
import { CrashRun, type Kind, type RunResult } from "./run.ts";

/** A fault to be done: its kind and its seed, from 1 for each kind. */
export interface Planned {
  readonly kind: Kind;
  readonly seed: number;
}

/** What became of a row of runs. */
export interface Figures {
  readonly results: readonly RunResult[];
  readonly violations: readonly Violation[];
  readonly acknowledged: number;
  readonly deletions: number;
  readonly receipts: number;
  readonly seconds: number;
}

/**
 * A row of runs on one rig. A fault is done at a time; what the last ones left is taken over, ends and
 * is checked meanwhile.
 */
export class Campaign {
  readonly #rig: Rig;
  readonly history: History;
  readonly checker: Checker;
  #counted = { acknowledged: 0, deletions: 0, receipts: 0 };

  private constructor(rig: Rig, history: History) {
    this.#rig = rig;
    this.history = history;
    this.checker = new Checker({
      databaseUrl: rig.postgres.url,
      bucket: rig.bucket,
      dir: rig.dir,
      dataDir: join(rig.dir, rig.slots[0].name),
    });
  }

  static async on(rig: Rig): Promise<Campaign> {
    return new Campaign(rig, await History.open(join(rig.dir, "history.ndjson")));
  }

  /**
   * Does the runs one by one and looks at the whole bucket in the end. A run that breaks down is a
   * violation, and the last one.
   */
  async run(planned: readonly Planned[], report: (result: RunResult) => void): Promise<Figures> {
    const startedAt = performance.now();
    const { history, checker } = this;
    const line = new Line(report);
    const runs = planned.map(
      ({ kind, seed }) => new CrashRun(kind, seed, { rig: this.#rig, history, checker }),
    );
    for (const [i, run] of runs.entries()) await line.take(run, runs[i + 1]);
    const results = await line.end();
    const whole = await checker.checkAll(history.path);
    // What a run found is mostly there still.
    const all = [...results.flatMap((result) => result.violations), ...whole];
    const violations = [...new Map(all.map((one) => [one.what, one])).values()];
    const seconds = (performance.now() - startedAt) / 1000;
    return { results, violations, ...(await this.#count()), seconds };
  }

  /** Since the last count. */
  async #count(): Promise<Pick<Figures, "acknowledged" | "deletions" | "receipts">> {
    const [row] = await this.checker.sql.query<{ deletions: number; receipts: number }>(
      `select (select count(*) from expunge.deletions where state = 'completed') as deletions,
        (select count(*) from expunge.receipts) as receipts`,
    );
    const { deletions = 0, receipts = 0 } = row ?? {};
    const now = { acknowledged: this.history.acknowledged, deletions, receipts };
    const before = this.#counted;
    this.#counted = now;
    return {
      acknowledged: now.acknowledged - before.acknowledged,
      deletions: now.deletions - before.deletions,
      receipts: now.receipts - before.receipts,
    };
  }

  async close(): Promise<void> {
    await this.history.close();
  }
}

/** The slowest takeovers of several runs in which a process was struck. */
export function slowestOf(results: readonly RunResult[]): Takeover {
  const ofServices = results.filter(({ kind }) => kind !== "postgres");
  return ofServices.reduce((slowest, { takeover }) => slower(slowest, takeover), NO_TAKEOVER);
}

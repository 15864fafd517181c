import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ObjectStoreCall } from "../ports/around-store.ts";
import type { JobName } from "../ports/jobs.ts";
import type { Backlog } from "../ports/metadata/index.ts";
import type { RemoveResult } from "../ports/object-store.ts";
import type { Metrics, RequestFacts } from "../ports/metrics.ts";

/** Bounds in seconds: from a call of a near store to a deletion of a million objects. */
const CALL_SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];
const DELETION_SECONDS = [0.5, 1, 5, 15, 60, 300, 1800, 7200, 43_200];

/**
 * The counters in the text format of Prometheus, in base units and with the names that its naming
 * guide asks for. Each instance has a registry of its own, so that two services can live in a process.
 */
export class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #requests = new Histogram({
    name: "expunge_http_request_duration_seconds",
    help: "Requests that were answered, by the route's pattern",
    labelNames: ["method", "route", "status"],
    buckets: CALL_SECONDS,
    registers: [this.#registry],
  });
  readonly #storeCalls = new Histogram({
    name: "expunge_store_call_duration_seconds",
    help: "Attempts at calls of the object store; result is ok or the code of the failure",
    labelNames: ["call", "result"],
    buckets: CALL_SECONDS,
    registers: [this.#registry],
  });
  readonly #keys = new Counter({
    name: "expunge_store_keys_removed_total",
    help: "What the store's replies said of each key that it was asked to remove",
    labelNames: ["result"],
    registers: [this.#registry],
  });
  readonly #purgeRuns = new Histogram({
    name: "expunge_purge_run_duration_seconds",
    help: "Runs of a worker on a deletion, by how the run ended",
    labelNames: ["end"],
    buckets: DELETION_SECONDS,
    registers: [this.#registry],
  });
  readonly #completed = new Histogram({
    name: "expunge_deletion_duration_seconds",
    help: "Completed deletions, from the end of the grace to the verification",
    buckets: DELETION_SECONDS,
    registers: [this.#registry],
  });
  readonly #jobs = new Histogram({
    name: "expunge_job_duration_seconds",
    help: "Jobs that were worked on in this process",
    labelNames: ["job", "result"],
    buckets: DELETION_SECONDS,
    registers: [this.#registry],
  });
  readonly #open = new Gauge({
    name: "expunge_deletions",
    help: "Deletions that have not ended, by state, in the database",
    labelNames: ["state"],
    registers: [this.#registry],
  });
  readonly #blocked = this.#gauge("expunge_deletions_blocked", "Deletions that are blocked");
  readonly #overdue = this.#gauge(
    "expunge_deletions_overdue_seconds",
    "For how long the oldest deletion has been due that no hold stops",
  );
  readonly #removals = this.#gauge(
    "expunge_removals_pending",
    "Objects of deleted or overwritten files that are not yet verified gone",
  );
  readonly #uncopied = this.#gauge(
    "expunge_receipts_uncopied",
    "Receipts and amendments without their copy in the store",
  );

  constructor(version: string) {
    collectDefaultMetrics({ register: this.#registry });
    const info = new Gauge({
      name: "expunge_info",
      help: "The version that runs",
      labelNames: ["version"],
      registers: [this.#registry],
    });
    info.set({ version }, 1);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The page, with what the database says waits. */
  async render(backlog: Backlog): Promise<string> {
    for (const [state, count] of Object.entries(backlog.deletions)) {
      this.#open.set({ state }, count);
    }
    this.#blocked.set(backlog.blocked);
    this.#overdue.set(seconds(backlog.overdueMs));
    this.#removals.set(backlog.removals);
    this.#uncopied.set(backlog.uncopied);
    return await this.#registry.metrics();
  }

  request({ method, route, status, durationMs }: RequestFacts): void {
    // What no route matched is one series, whatever method somebody thought of.
    const labels = route === null ? { method: "", route: "" } : { method, route };
    this.#requests.observe({ ...labels, status }, seconds(durationMs));
  }

  storeCall(call: ObjectStoreCall, result: string, durationMs: number): void {
    this.#storeCalls.observe({ call, result }, seconds(durationMs));
  }

  keysRemoved(result: RemoveResult["result"], count: number): void {
    this.#keys.inc({ result }, count);
  }

  purgeRun(end: string, durationMs: number): void {
    this.#purgeRuns.observe({ end }, seconds(durationMs));
  }

  deletionCompleted(durationMs: number): void {
    this.#completed.observe(seconds(Math.max(0, durationMs)));
  }

  job(job: JobName, result: "ok" | "failed", durationMs: number): void {
    this.#jobs.observe({ job, result }, seconds(durationMs));
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: [this.#registry] });
  }
}

function seconds(durationMs: number): number {
  return durationMs / 1000;
}

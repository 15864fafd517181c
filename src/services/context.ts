import type { LayoutSet } from "../core/layouts/index.ts";
import type { Cdn } from "../ports/cdn.ts";
import type { Clock, Random } from "../ports/clock.ts";
import type { Jobs } from "../ports/jobs.ts";
import type { Log } from "../ports/log.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { MetadataStore } from "../ports/metadata/index.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { Tracing } from "../ports/tracing.ts";
import type { WebhookSender } from "../ports/webhooks.ts";
import type { Signer, UrlSigner } from "../ports/signer.ts";
import type { InFlight } from "./in-flight.ts";
import type { DeletionWatch } from "./deletion-watch.ts";

export interface ServiceSettings {
  readonly graceMs: number;
  /** No deletion that a caller without the right `admin` asks for, and no expiry, has a shorter grace. */
  readonly minGraceMs: number;
  /** Projects whose deletion one such caller may request in an hour; null: any number. */
  readonly deletionsPerHour: number | null;
  readonly deleteWaitMs: number;
  readonly urlExpiryMs: number;
  /** Ages at which a completed deletion is looked at again. */
  readonly settleMs: readonly number[];
}

/** What every service works with: the ports, and the two notice boards of this process. */
export interface Context {
  readonly store: ObjectStore;
  readonly metadata: MetadataStore;
  readonly jobs: Jobs;
  readonly clock: Clock;
  readonly random: Random;
  readonly signer: Signer;
  readonly urlSigner: UrlSigner;
  readonly webhooks: WebhookSender;
  /** null: nothing is cached that expunge is told of. */
  readonly cdn: Cdn | null;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly layouts: LayoutSet;
  readonly settings: ServiceSettings;
  readonly inFlight: InFlight;
  readonly watch: DeletionWatch;
}

import { generateKeyPairSync } from "node:crypto";
import { signerOf } from "../../src/adapters/ed25519-signer.ts";
import { urlSignerOf } from "../../src/adapters/hmac-url-signer.ts";
import { MemoryJobs } from "../../src/adapters/memory/jobs.ts";
import { MemoryMetadataStore } from "../../src/adapters/memory/metadata-store.ts";
import {
  MemoryObjectStore,
  type MemoryObjectStoreOptions,
} from "../../src/adapters/memory/object-store.ts";
import { type Metrics, NO_METRICS } from "../../src/ports/metrics.ts";
import { NO_TRACING, type Tracing } from "../../src/ports/tracing.ts";
import { retryingStore } from "../../src/adapters/retrying-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";
import type { Caller } from "../../src/core/caller.ts";
import { DEFAULT_ID_FORMAT, type IdFormat } from "../../src/core/ids.ts";
import { createLayoutSet, type LayoutDefinition } from "../../src/core/layouts/index.ts";
import type { Cdn } from "../../src/ports/cdn.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { WebhookSender } from "../../src/ports/webhooks.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { bodyOf } from "../../src/services/bytes.ts";
import type { Context } from "../../src/services/context.ts";
import { DeletionWatch } from "../../src/services/deletion-watch.ts";
import { InFlight } from "../../src/services/in-flight.ts";
import { createServices, type Services } from "../../src/services/index.ts";
import { jobHandlers } from "../../src/services/worker.ts";
import { keptLog } from "../adapters/kept-log.ts";

export const ADMIN: Caller = { subject: "admin", rights: new Set(["admin"]) };

export interface TestService {
  readonly context: Context;
  readonly services: Services;
  readonly objects: MemoryObjectStore;
  readonly metadata: MemoryMetadataStore;
  readonly log: ReturnType<typeof keptLog>;
  readonly stop: () => Promise<void>;
}

export interface TestServiceOptions {
  readonly idFormat?: IdFormat;
  readonly layouts?: readonly LayoutDefinition[];
  readonly store?: Partial<MemoryObjectStoreOptions>;
  /** Puts something between the services and the store. */
  readonly wrap?: (store: ObjectStore) => ObjectStore;
  /** Whether jobs are worked on; else a test runs them itself. */
  readonly work?: boolean;
  readonly metrics?: Metrics;
  readonly tracing?: Tracing;
  /** None by default. */
  readonly webhooks?: WebhookSender;
  /** None by default. */
  readonly cdn?: Cdn;
  /** None by default. */
  readonly settleMs?: readonly number[];
  /** 0 by default. */
  readonly minGraceMs?: number;
  /** Any number by default. */
  readonly deletionsPerHour?: number;
  /** No pause between attempts, and between looks at a deletion, is longer. */
  readonly pauseMaxMs?: number;
}

/** The real services, with the real signer, on the memory adapters and the system's clock. */
export async function makeService(options: TestServiceOptions = {}): Promise<TestService> {
  const clock: Clock = new SystemClock();
  const random = new SystemRandom();
  const log = keptLog("debug");
  const objects = new MemoryObjectStore(clock, { random, ...options.store });
  const metadata = new MemoryMetadataStore(clock);
  const jobs = new MemoryJobs(clock, log.log).attach();
  const signer = await signerOf(generateKeyPairSync("ed25519").privateKey);
  await metadata.keepPublicKey(signer.publicKey);
  const hasty = hastyClock(clock, options.pauseMaxMs ?? Number.POSITIVE_INFINITY);
  const context: Context = {
    store: retryingStore(options.wrap?.(objects) ?? objects, { clock: hasty, random }),
    metadata,
    jobs,
    clock: hasty,
    random,
    signer,
    urlSigner: urlSignerOf(signer),
    webhooks: options.webhooks ?? { endpoints: [], send: () => Promise.reject(new Error("none")) },
    cdn: options.cdn ?? null,
    log: log.log,
    metrics: options.metrics ?? NO_METRICS,
    tracing: options.tracing ?? NO_TRACING,
    layouts: createLayoutSet(options.idFormat ?? DEFAULT_ID_FORMAT, options.layouts ?? []),
    settings: {
      graceMs: 0,
      minGraceMs: options.minGraceMs ?? 0,
      deletionsPerHour: options.deletionsPerHour ?? null,
      deleteWaitMs: 10_000,
      urlExpiryMs: 60_000,
      settleMs: options.settleMs ?? [],
    },
    inFlight: new InFlight(),
    watch: new DeletionWatch(),
  };
  if (options.work !== false) await jobs.work(jobHandlers(context));
  return {
    context,
    services: createServices(context),
    objects,
    metadata,
    log,
    stop: () => jobs.stop(),
  };
}

function hastyClock(clock: Clock, pauseMaxMs: number): Clock {
  return {
    now: () => clock.now(),
    sleep: (durationMs, signal) => clock.sleep(Math.min(durationMs, pauseMaxMs), signal),
  };
}

/** Stores a small text file as a caller would. */
export async function putText(
  service: TestService,
  projectId: string,
  path: string,
  text: string,
): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const { file } = await service.services.files.put(ADMIN, projectId, {
    path,
    body: bodyOf(bytes),
    sizeBytes: bytes.length,
    contentType: "text/plain",
    metadata: {},
    checksums: {},
  });
  return file.key ?? "";
}

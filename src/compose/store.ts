import { FilesystemObjectStore } from "../adapters/filesystem/object-store.ts";
import { limitedStore } from "../adapters/limited-store.ts";
import { measuredStore } from "../adapters/measured-store.ts";
import { retryingStore } from "../adapters/retrying-store.ts";
import { tracedStore } from "../adapters/traced-store.ts";
import type { S3StoreConfig, StoreConfig } from "../config.ts";
import type { Clock, Random } from "../ports/clock.ts";
import { type Metrics, NO_METRICS } from "../ports/metrics.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { NO_TRACING, type Tracing } from "../ports/tracing.ts";

export interface StorePorts {
  readonly clock: Clock;
  readonly random: Random;
  /** Counts each attempt at a call; nothing is counted without it. */
  readonly metrics?: Metrics;
  readonly tracing?: Tracing;
  /** Takes a directory as it is and makes nothing in it. */
  readonly asItIs?: boolean;
}

/**
 * Opens the store that the configuration names, with the one policy of retries and limits around it.
 * An S3 store is not asked anything yet: see `tryStore`.
 * @throws ExpungeError
 */
export async function openStore(config: StoreConfig, ports: StorePorts): Promise<ObjectStore> {
  const { clock, metrics = NO_METRICS, tracing = NO_TRACING } = ports;
  const measured = (store: ObjectStore): ObjectStore =>
    tracedStore(measuredStore(store, { clock, metrics }), tracing);
  switch (config.kind) {
    case "file":
      return retryingStore(measured(await FilesystemObjectStore.open(config.dir, ports)), ports);
    case "s3":
      return retryingStore(limitedStore(measured(await openS3(config, ports))), ports);
  }
}

async function openS3(config: S3StoreConfig, { clock }: StorePorts): Promise<ObjectStore> {
  // Loaded where it is needed: the client alone takes longer than most commands.
  const { S3ObjectStore } = await import("../adapters/s3/object-store.ts");
  const { kind: _kind, publicDomain: _public, ...options } = config;
  return new S3ObjectStore({ ...options, clock });
}

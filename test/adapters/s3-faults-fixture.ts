import { afterEach } from "vitest";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import type { Bucket, BucketOptions } from "../wire/bucket.ts";
import { WireServer, type WireOptions } from "../wire/server.ts";

/** How long the store may hang before the hasty one gives it up: far longer than any answer takes. */
const HANG_MS = 400;

export interface S3OnWire {
  readonly server: WireServer;
  readonly bucket: Bucket;
  readonly store: S3ObjectStore;
  /** The same place, given up soon: for faults that hang. */
  readonly hasty: S3ObjectStore;
}

/** Answers a function that starts an S3 store on a server of its own, for the test that runs. */
export function useS3OnWire(): (wire?: WireOptions, bucket?: BucketOptions) => Promise<S3OnWire> {
  const started: S3OnWire[] = [];
  afterEach(async () => {
    for (const { store, hasty, server } of started.splice(0)) {
      store.close();
      hasty.close();
      await server.stop();
    }
  });
  return async (wire = {}, options = {}) => {
    const server = await WireServer.start(wire);
    const bucket = server.makeBucket("faulty", { partBytesMin: 1, ...options });
    const { endpoint, region, credentials } = server;
    const clock = new SystemClock();
    const place = { bucket: "faulty", endpoint, region, ...credentials, clock };
    const timeouts = { callMs: HANG_MS, longCallMs: HANG_MS, idleMs: HANG_MS };
    const store = new S3ObjectStore(place);
    const hasty = new S3ObjectStore({ ...place, timeouts });
    const subject = { server, bucket, store, hasty };
    started.push(subject);
    return subject;
  };
}

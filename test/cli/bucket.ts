import { afterEach } from "vitest";
import type { BucketOptions } from "../wire/bucket.ts";
import { WireServer, type WireOptions } from "../wire/server.ts";

export const BUCKET = "cli-bucket";

export interface ServedBucket {
  readonly server: WireServer;
  /** Settings that reach it. */
  readonly env: Readonly<Record<string, string>>;
}

/** Serves a bucket over HTTP for one test. */
export function useBucket(): (
  options?: WireOptions,
  bucket?: BucketOptions,
) => Promise<ServedBucket> {
  const started: WireServer[] = [];
  afterEach(async () => {
    for (const server of started.splice(0)) await server.stop();
  });
  return async (options = {}, bucket = {}) => {
    const server = await WireServer.start(options);
    started.push(server);
    server.makeBucket(BUCKET, bucket);
    return { server, env: envOf(server) };
  };
}

/** Settings that reach its bucket. */
export function envOf(server: WireServer): Record<string, string> {
  return {
    EXPUNGE_STORE: `s3://${BUCKET}`,
    EXPUNGE_S3_ENDPOINT: server.endpoint,
    EXPUNGE_S3_REGION: server.region,
    EXPUNGE_S3_ACCESS_KEY_ID: server.credentials.accessKeyId,
    EXPUNGE_S3_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
  };
}

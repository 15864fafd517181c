import { S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import { afterEach } from "vitest";
import type { BucketOptions } from "./bucket.ts";
import { sdkConfig } from "./client.ts";
import { WireServer, type WireOptions } from "./server.ts";

export const BUCKET = "box";

/** A server of the test's own with one bucket, and the SDK's client for it. */
export interface Wire {
  readonly server: WireServer;
  readonly client: S3Client;
}

/** Answers a function that starts one; it is stopped after the test. */
export function useWire(): (options?: WireOptions, bucket?: BucketOptions) => Promise<Wire> {
  const started: Wire[] = [];
  afterEach(async () => {
    for (const { server, client } of started.splice(0)) {
      client.destroy();
      await server.stop();
    }
  });
  return async (options = {}, bucket = {}) => {
    const server = await WireServer.start(options);
    server.makeBucket(BUCKET, bucket);
    const wire = { server, client: new S3Client(sdkConfig(server)) };
    started.push(wire);
    return wire;
  };
}

/** What the SDK made of an answer: status and code. Fails where the call succeeded. */
export async function refusalOf(
  call: Promise<unknown>,
): Promise<readonly [number | undefined, string]> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error;
    return [error.$metadata.httpStatusCode, error.name];
  }
  throw new Error("the call must be refused");
}

/** How a call failed that got no answer, or none that could be read. */
export async function failureOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    const { code, name, message } = error as NodeJS.ErrnoException;
    return `${code ?? name} ${message}`;
  }
  throw new Error("the call must fail");
}

import { S3Client } from "@aws-sdk/client-s3";
import type { Clock } from "../../ports/clock.ts";
import { toStoreError } from "./errors.ts";
import { TimedOut } from "./failures.ts";
import { HttpHandler, type CallOptions } from "./http-handler.ts";
import { type S3StoreOptions, type S3Timeouts, TIMEOUTS } from "./options.ts";
import { refuseForeignReplies } from "./replies.ts";

/** The SDK would write its warnings to the console where it is given no logger. */
const SILENT = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** The SDK's client as this adapter wants it: one attempt, no waits without bound, no surprises. */
export class Client {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly timeouts: S3Timeouts;
  readonly #hasChain: boolean;

  constructor(options: S3StoreOptions) {
    this.bucket = options.bucket;
    this.#hasChain = credentialsOf(options) === null;
    this.timeouts = { ...TIMEOUTS, ...options.timeouts };
    this.s3 = makeClient(options, new HttpHandler(this.timeouts));
    signByClock(this.s3, options.clock);
    refuseForeignReplies(this.s3);
  }

  /**
   * Runs one call of the SDK.
   * @param operation as S3 calls it
   * @throws StoreError, or the signal's reason
   */
  async ask<T>(
    operation: string,
    options: CallOptions,
    send: (options: CallOptions) => Promise<T>,
  ): Promise<T> {
    options.abortSignal?.throwIfAborted();
    try {
      if (this.#hasChain) await this.#credentials();
      return await send(options);
    } catch (error) {
      options.abortSignal?.throwIfAborted();
      throw toStoreError(error, operation);
    }
  }

  close(): void {
    this.s3.destroy();
  }

  /**
   * AWS's chain asks services of its own, by clients that do not bound their waits. What it found is
   * remembered until it expires, so that the call itself asks no more.
   */
  async #credentials(): Promise<void> {
    const { callMs } = this.timeouts;
    const late = Promise.withResolvers<never>();
    const waited = "no credentials came from AWS's chain";
    const timer = setTimeout(() => late.reject(new TimedOut(waited, callMs)), callMs);
    try {
      await Promise.race([this.s3.config.credentials(), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function credentialsOf({
  accessKeyId,
  secretAccessKey,
}: S3StoreOptions): { accessKeyId: string; secretAccessKey: string } | null {
  if (accessKeyId === undefined || secretAccessKey === undefined) return null;
  return { accessKeyId, secretAccessKey };
}

function makeClient(options: S3StoreOptions, requestHandler: HttpHandler): S3Client {
  const { endpoint, region } = options;
  const credentials = credentialsOf(options);
  // With an endpoint of its own the SDK shall compose no other from AWS's settings.
  const place =
    endpoint === undefined ? {} : { endpoint, useFipsEndpoint: false, useDualstackEndpoint: false };
  return new S3Client({
    region,
    ...place,
    ...(credentials === null ? {} : { credentials }),
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    requestHandler,
    logger: SILENT,
    // Retries are a decorator of the port; two policies would multiply.
    maxAttempts: 1,
    retryMode: "standard",
    // R2 and older stores know none of the checksums that newer SDKs add by themselves.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    expectContinueHeader: false,
    followRegionRedirects: false,
    disableS3ExpressSessionAuth: true,
  });
}

/**
 * Signatures are dated by our clock and nothing else. The SDK would shift it by the `Date` of every
 * reply, also of a proxy's that is wrong, and hide that this machine's clock is: which the URLs that
 * are handed out would then suffer from.
 */
function signByClock({ config }: S3Client, clock: Pick<Clock, "now">): void {
  Object.defineProperty(config, "systemClockOffset", {
    get: () => clock.now() - Date.now(),
    set: () => {
      // What a reply's date says of it.
    },
    enumerable: true,
  });
}

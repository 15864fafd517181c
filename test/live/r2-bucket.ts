import { randomBytes } from "node:crypto";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { retryingStore } from "../../src/adapters/retrying-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";
import { sweepPrefix } from "../../src/services/sweep.ts";

const NAMES = ["ACCOUNT_ID", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "BUCKET_NAME"] as const;
/** In the place of the account: a jurisdiction's endpoint, or a stand-in's. */
const ENDPOINT = "EXPUNGE_TEST_R2_ENDPOINT";

/** A real bucket on R2, as the environment names it. */
export interface R2Bucket {
  readonly bucket: string;
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** @throws Error that says what to set: a test that cannot run must not look as if it had */
export function r2Bucket(env: NodeJS.ProcessEnv = process.env): R2Bucket {
  const isGiven = (name: (typeof NAMES)[number]): boolean =>
    Boolean(env[`EXPUNGE_TEST_R2_${name}`]) || (name === "ACCOUNT_ID" && Boolean(env[ENDPOINT]));
  const missing = NAMES.filter((name) => !isGiven(name));
  if (missing.length > 0) {
    const names = missing.map((name) => `EXPUNGE_TEST_R2_${name}`).join(", ");
    throw new Error(
      `No bucket on R2 is named: set ${names} (docs/r2.md), of one that holds nothing else.`,
    );
  }
  const value = (name: (typeof NAMES)[number]): string => env[`EXPUNGE_TEST_R2_${name}`] ?? "";
  return {
    bucket: value("BUCKET_NAME"),
    endpoint: env[ENDPOINT] || `https://${value("ACCOUNT_ID")}.r2.cloudflarestorage.com`,
    accessKeyId: value("ACCESS_KEY_ID"),
    secretAccessKey: value("SECRET_ACCESS_KEY"),
  };
}

/** A prefix of one test's own. */
export function newPrefix(): string {
  return `expunge-test/${randomBytes(8).toString("hex")}/`;
}

export interface LiveStore {
  readonly store: S3ObjectStore;
  readonly prefix: string;
  /** Empties the prefix and closes the connections. */
  cleanup(): Promise<void>;
}

export function openLive(place: R2Bucket, prefix: string = newPrefix()): LiveStore {
  const ports = { clock: new SystemClock(), random: new SystemRandom() };
  const store = new S3ObjectStore({
    ...place,
    region: "auto",
    provider: "r2",
    prefix,
    clock: ports.clock,
  });
  return {
    store,
    prefix,
    cleanup: async () => {
      const context = { ...ports, store: retryingStore(store, ports) };
      const options = { prefix: "", includeExpunge: true, dryRun: false };
      const { verified } = await sweepPrefix(context, options);
      store.close();
      if (!verified) throw new Error(`something remains below ${prefix}`);
    },
  };
}

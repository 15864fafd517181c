import { openSigner } from "../adapters/ed25519-signer.ts";
import { SystemClock } from "../adapters/system-clock.ts";
import { SystemRandom } from "../adapters/system-random.ts";
import type { DatabaseCondition } from "../adapters/postgres/condition.ts";
import type { Config } from "../config.ts";
import { CDN_REMEDIES } from "../core/cdn.ts";
import { createLayoutSet } from "../core/layouts/index.ts";
import type { Log } from "../ports/log.ts";
import { type Check, failed, look, notApplicable, passed } from "../services/doctor/checks.ts";
import { examineStore } from "../services/doctor/store.ts";
import { cdnTargets } from "../services/cdn.ts";
import { openCdn } from "./cdn.ts";
import { examineDatabase } from "./doctor-database.ts";
import { openStore } from "./store.ts";

const SIGNING_KEY_REMEDY =
  "Make it with 'openssl genpkey -algorithm ed25519 -out FILE' and set EXPUNGE_SIGNING_KEY to its path.";
const LAYOUTS_REMEDY = "Correct the layouts in the config file as docs/layouts.md describes.";

/** A service that runs in this process, and is asked for what only it knows. */
export interface RunningService {
  readonly condition: () => Promise<DatabaseCondition>;
  readonly work: () => Promise<readonly Check[]>;
}

/**
 * Looks at everything that the configuration names, one after the other. In the store a few small
 * objects are made below `.expunge/doctor/` and removed again; a local store's directory is made where
 * it is missing, as at a start.
 */
export async function diagnose(
  config: Config,
  options: {
    readonly log: Log;
    readonly signal?: AbortSignal;
    readonly service?: RunningService;
  },
): Promise<readonly Check[]> {
  const { log, signal, service } = options;
  return [
    await look("layouts", LAYOUTS_REMEDY, () => layouts(config)),
    await look("signing-key", SIGNING_KEY_REMEDY, () => signingKey(config, log)),
    ...(await examineDatabase(config, log, service?.condition)),
    ...((await service?.work()) ?? []),
    ...(await stores(config, signal)),
    await cdn(config, signal),
  ];
}

async function signingKey({ signingKeyPath: path }: Config, log: Log) {
  if (path === null) return notApplicable("made in the data directory at the first start");
  await openSigner({ path, create: false, log });
  return passed("an Ed25519 key that can be read");
}

async function layouts({ projectIdFormat, layouts: declared }: Config) {
  const set = createLayoutSet(projectIdFormat, declared);
  if (declared.length === 0) return notApplicable("no legacy layouts are declared");
  const costly = set.withoutListingPrefix;
  const note =
    costly.length === 0 ? "" : `; each deletion lists the bucket for ${costly.join(", ")}`;
  return passed(`${declared.length} layouts give no key to two projects${note}`);
}

/**
 * The only proof that token, zone, domain and plan fit together is a purge: one of an address at which
 * nothing lies.
 */
async function cdn(config: Config, signal: AbortSignal | undefined): Promise<Check> {
  const opened = openCdn(config);
  const name = "cdn";
  if (opened === null) {
    return { name, ok: null, detail: "no CDN is configured", remedy: null };
  }
  const target = cdnTargets(opened, []).of(".expunge/doctor/cdn");
  const answer = await opened.purge([target], signal);
  if (answer.result === "accepted") {
    const detail = `${opened.provider} takes purges by ${opened.mode} of ${opened.address.domain}`;
    return { name, ok: true, detail, remedy: null };
  }
  const { code, message } = answer.failure;
  return { name, ok: false, detail: `${message} (${code})`, remedy: CDN_REMEDIES[code] };
}

async function stores(
  { store: config, corsOrigins }: Config,
  signal: AbortSignal | undefined,
): Promise<readonly Check[]> {
  const ports = { clock: new SystemClock(), random: new SystemRandom() };
  try {
    const store = await openStore(config, ports);
    const checks = await examineStore({ ...ports, store }, signal);
    if (config.kind !== "s3" || checks.length === 1 || signal?.aborted) return checks;
    // With a client of S3, which a process that serves does not load for this alone.
    const { examineBucket } = await import("./doctor-bucket.ts");
    return [...checks, ...(await examineBucket(config, { ...ports, store, corsOrigins }))];
  } catch (error) {
    return [failed("store-reachable", error, "Check EXPUNGE_STORE.")];
  }
}

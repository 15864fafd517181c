import { existsSync } from "node:fs";
import { openSigner } from "../adapters/ed25519-signer.ts";
import { openEmbedded } from "../adapters/pglite/open.ts";
import { openPostgres } from "../adapters/postgres/open.ts";
import { SystemClock } from "../adapters/system-clock.ts";
import { SystemRandom } from "../adapters/system-random.ts";
import type { Config } from "../config.ts";
import { CDN_REMEDIES } from "../core/cdn.ts";
import { isExpungeError } from "../core/errors.ts";
import { createLayoutSet } from "../core/layouts/index.ts";
import type { Log } from "../ports/log.ts";
import { type Check, failed, look, notApplicable, passed } from "../services/doctor/checks.ts";
import { examineStore } from "../services/doctor/store.ts";
import { cdnTargets } from "../services/cdn.ts";
import { openCdn } from "./cdn.ts";
import { openStore } from "./store.ts";

const DATABASE_REMEDY =
  "Check EXPUNGE_DATABASE: the address, the user, the password and the database's name.";
const SIGNING_KEY_REMEDY =
  "Make it with 'openssl genpkey -algorithm ed25519 -out FILE' and set EXPUNGE_SIGNING_KEY to its path.";
const LAYOUTS_REMEDY = "Correct the layouts in the config file as docs/layouts.md describes.";

/**
 * Looks at everything that the configuration names, one after the other. In the store a few small
 * objects are made below `.expunge/doctor/` and removed again; a local store's directory is made where
 * it is missing, as at a start.
 */
export async function diagnose(
  config: Config,
  options: { readonly log: Log; readonly signal?: AbortSignal },
): Promise<readonly Check[]> {
  const { log, signal } = options;
  return [
    await look("layouts", LAYOUTS_REMEDY, () => layouts(config)),
    await look("signing-key", SIGNING_KEY_REMEDY, () => signingKey(config, log)),
    await look("database", DATABASE_REMEDY, () => database(config, log)),
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

async function database({ database: config }: Config, log: Log) {
  if (config.kind === "postgres") {
    const server = await openPostgres(config.url, log);
    await server.close();
    return passed("PostgreSQL answers, in a version and an encoding that fit");
  }
  if (!existsSync(config.dir)) return notApplicable("made at the first start");
  try {
    const embedded = await openEmbedded(config.dir);
    await embedded.close();
  } catch (error) {
    if (!isExpungeError(error, "data-dir-locked")) throw error;
    return passed("a running process has it open");
  }
  return passed("the embedded database opens");
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
  { store: config }: Config,
  signal: AbortSignal | undefined,
): Promise<readonly Check[]> {
  const ports = { clock: new SystemClock(), random: new SystemRandom() };
  try {
    const store = await openStore(config, ports);
    return await examineStore({ ...ports, store }, signal);
  } catch (error) {
    return [failed("store-reachable", error, "Check EXPUNGE_STORE.")];
  }
}

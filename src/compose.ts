import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { openAdminToken } from "./adapters/secret-file.ts";
import { openSigner } from "./adapters/ed25519-signer.ts";
import { urlSignerOf } from "./adapters/hmac-url-signer.ts";
import { HttpWebhooks } from "./adapters/webhooks/http-webhooks.ts";
import { openCdn } from "./compose/cdn.ts";
import { type Database, openDatabase } from "./compose/database.ts";
import { PrometheusMetrics } from "./adapters/prometheus-metrics.ts";
import { openStore } from "./compose/store.ts";
import { systemClock, systemRandom } from "./compose/system.ts";
import { keepPublicKeys } from "./compose/public-keys.ts";
import { createFace } from "./compose/face.ts";
import type { Config } from "./config.ts";
import { createLayoutSet } from "./core/layouts/index.ts";
import type { Jobs } from "./ports/jobs.ts";
import type { Log } from "./ports/log.ts";
import { NO_TRACING, type Tracing } from "./ports/tracing.ts";
import type { Context } from "./services/context.ts";
import { DeletionWatch } from "./services/deletion-watch.ts";
import { InFlight } from "./services/in-flight.ts";
import { examineWork } from "./services/doctor/work.ts";
import { tryStore } from "./services/doctor/trial.ts";
import { createServices, type Services } from "./services/index.ts";
import { Pulse } from "./services/pulse.ts";
import { bindStore } from "./services/store-binding.ts";
import { guardRestore } from "./services/restore-guard.ts";
import { cancelForever, guardForever, jobHandlers, scanForever } from "./services/worker.ts";
import { VERSION } from "./version.ts";

export { diagnose } from "./compose/doctor.ts";
export { openStore } from "./compose/store.ts";
export { systemClock, systemRandom } from "./compose/system.ts";
export { loadPublicKeys } from "./compose/public-keys.ts";
export { openLog } from "./adapters/pino-log.ts";
export { verifyJws } from "./adapters/ed25519-signer.ts";

/** A running set of services in this process. */
export interface Running {
  readonly services: Services;
  readonly context: Context;
  readonly adminToken: string;
  /** Where the admin token lies; null when the environment gave it. */
  readonly adminTokenPath: string | null;
  /** Begins to work on jobs, unless the process only serves (`EXPUNGE_ROLE`). */
  start(): Promise<void>;
  /** The HTTP face, not listening yet. */
  app(): Promise<FastifyInstance>;
  /** Stops the work, then closes what was opened. Idempotent. */
  close(): Promise<void>;
}

/**
 * Builds the services that a configuration describes.
 * @param options `acceptStore` binds the database to the store, whatever it was bound to
 * @throws ExpungeError with the cause in words
 */
export async function composeService(
  config: Config,
  options: { readonly log: Log; readonly acceptStore?: boolean },
): Promise<Running> {
  const { log, acceptStore = false } = options;
  const layouts = createLayoutSet(config.projectIdFormat, config.layouts);
  for (const name of layouts.withoutListingPrefix) {
    log.warn({ layout: name }, "this layout has no listing prefix: each deletion lists the bucket");
  }
  // Before the database: what is wrong with the store is then said at once.
  const ports = { clock: systemClock, random: systemRandom };
  const metrics = new PrometheusMetrics(VERSION);
  const tracing = await tracingOf(config, log);
  const store = await openStore(config.store, { ...ports, metrics, tracing });
  for (const warning of await tryStore({ ...ports, store })) {
    log.warn({ warning }, "the store will block deletions: look at it with 'expunge doctor'");
  }
  const database = await openDatabase(config, log);
  try {
    const signer = await openSigner({
      path: config.signingKeyPath ?? join(config.dataDir, "signing-key.pem"),
      create: config.signingKeyPath === null,
      log,
    });
    const admin = await adminOf(config, log);
    await bindStore({ ...ports, store, metadata: database.metadata }, acceptStore);
    await database.metadata.keepPublicKey(signer.publicKey);
    await keepPublicKeys(config.dataDir, await database.metadata.listPublicKeys());
    const webhooks = new HttpWebhooks(config.webhooks, {
      clock: systemClock,
      allowPrivate: config.webhooksAllowPrivate,
      userAgent: `expunge/${VERSION}`,
    });
    await database.metadata.registerWebhooks(webhooks.endpoints);
    const context: Context = {
      store,
      metadata: database.metadata,
      jobs: database.jobs,
      clock: systemClock,
      random: systemRandom,
      signer,
      urlSigner: urlSignerOf(signer),
      webhooks,
      cdn: openCdn(config),
      log,
      metrics,
      tracing,
      layouts,
      settings: config,
      inFlight: new InFlight(),
      watch: new DeletionWatch(),
    };
    return run({ config, context, admin, metrics, database });
  } catch (error) {
    await closeAll(database.jobs, database.close);
    throw error;
  }
}

/** The database is closed, and its lock given back, whatever becomes of the queue. */
async function closeAll(jobs: Jobs, closeDatabase: () => Promise<void>): Promise<void> {
  try {
    await jobs.stop();
  } finally {
    await closeDatabase();
  }
}

/** Loaded only where traces are asked for: the libraries are large. */
async function tracingOf({ traces }: Config, log: Log): Promise<Tracing> {
  if (traces === null) return NO_TRACING;
  const { openTracing } = await import("./adapters/otel-tracing.ts");
  return openTracing({ ...traces, version: VERSION, log });
}

interface Admin {
  readonly token: string;
  /** Null when the environment gave the token. */
  readonly path: string | null;
}

async function adminOf(config: Config, log: Log): Promise<Admin> {
  if (config.adminToken !== null) return { token: config.adminToken, path: null };
  const path = join(config.dataDir, "admin-token");
  return { token: await openAdminToken({ path, log }), path };
}

interface Parts {
  readonly config: Config;
  readonly context: Context;
  readonly admin: Admin;
  readonly metrics: PrometheusMetrics;
  readonly database: Database;
}

function run({ config, context, admin, metrics, database }: Parts): Running {
  const services = createServices(context);
  const stopping = new AbortController();
  const pulse = config.role === "api" ? null : new Pulse(context.clock.now());
  let working: Promise<unknown> = Promise.resolve();
  let started = false;
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    stopping.abort();
    await working;
    await closeAll(context.jobs, database.close);
    await context.tracing.close();
  };
  return {
    services,
    context,
    adminToken: admin.token,
    adminTokenPath: admin.path,
    start: async () => {
      // Before anything is served or worked on: the database may be older than the store (I11).
      await guardRestore(context, stopping.signal);
      const loops = [cancelForever(context, stopping.signal)];
      if (pulse !== null) {
        await context.jobs.work(jobHandlers(context));
        loops.push(
          scanForever(context, stopping.signal, pulse),
          guardForever(context, stopping.signal),
        );
      }
      working = Promise.all(loops);
      started = true;
    },
    app: () =>
      createFace({
        config,
        context,
        services,
        adminToken: admin.token,
        metrics,
        running: {
          condition: database.condition,
          work: () => examineWork(context, { pulse }),
        },
        readiness: () => ({ ready: started, reason: started ? null : "starting" }),
      }),
    close: () => (closing ??= close()),
  };
}

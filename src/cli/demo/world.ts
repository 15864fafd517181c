import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import {
  composeService,
  openLog,
  openStore,
  type Running,
  systemClock,
  systemRandom,
} from "../../compose.ts";
import { type Config, loadConfig, type S3StoreConfig, storeSettings } from "../../config.ts";
import { ExpungeError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { sweepPrefix } from "../../services/sweep.ts";
import type { ExpungeClient } from "../../client/index.ts";
import { clientOf } from "../connect.ts";
import type { Io } from "../io.ts";
import { Listener } from "../listener.ts";
import { type Eye, directoryEye } from "./eye.ts";

const LAYOUTS = [{ name: "audio", template: "audio/proj_{project}/**" }];

/** A real service in a temporary directory, with one legacy layout, and a client that talks to it. */
export interface World {
  readonly dataDir: string;
  readonly eye: Eye;
  readonly client: ExpungeClient;
  /** Stops the service and removes what it made, in the directory and in a bucket. */
  close(): Promise<void>;
}

/** @param store `s3://BUCKET[/PREFIX]`, where it plays below a prefix of its own; null: a directory */
export async function openWorld(io: Io, store: string | null): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), "expunge-demo-"));
  const removed = async (): Promise<void> => await rm(dir, { recursive: true, force: true });
  try {
    await writeFile(join(dir, "expunge.config.json"), JSON.stringify({ layouts: LAYOUTS }));
    const config = await configIn(dir, io, store);
    return await serveIn(config, io, removed);
  } catch (error) {
    await removed();
    throw error;
  }
}

/**
 * Nothing of the user's own settings but what reaches a bucket that was asked for: the demo must not
 * touch any other store or database.
 */
async function configIn(dir: string, io: Io, store: string | null): Promise<Config> {
  const dataDir = join(dir, "data");
  const storeDir = join(dataDir, "objects");
  await mkdir(storeDir, { recursive: true });
  const own = store === null ? `file:${storeDir}` : `${store.replace(/\/$/, "")}/${basename(dir)}`;
  return await loadConfig({
    env: store === null ? {} : storeSettings(io.env),
    cwd: dir,
    overrides: {
      EXPUNGE_DATA_DIR: dataDir,
      EXPUNGE_STORE: own,
      EXPUNGE_DATABASE: `pglite:${join(dataDir, "database")}`,
      EXPUNGE_PORT: "0",
    },
  });
}

async function serveIn(config: Config, io: Io, removed: () => Promise<void>): Promise<World> {
  const seen = await eyeOf(config);
  const running = await composeService(config, { log: openLog({ level: "error" }) });
  let listener: Listener | null = null;
  const close = async (): Promise<void> => {
    await listener?.close(LIMITS.shutdownGraceMs);
    await running.close();
    if (config.store.kind === "s3") await emptyBucket(config.store);
    seen.close();
    await removed();
  };
  try {
    listener = await startListening(running, config, io);
    const client = clientOf(io, listener.url, running.adminToken);
    return { dataDir: config.dataDir, eye: seen, client, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function eyeOf({ store }: Config): Promise<Eye & { close(): void }> {
  if (store.kind === "file") return { ...directoryEye(store.dir), close: () => undefined };
  const { bucketEye } = await import("./bucket-eye.ts");
  return bucketEye(store);
}

/** The bucket is somebody's: what the demo put there goes, tombstones and receipts included. */
async function emptyBucket(config: S3StoreConfig): Promise<void> {
  const ports = { clock: systemClock, random: systemRandom };
  const store = await openStore(config, ports);
  const options = { prefix: "", includeExpunge: true, dryRun: false };
  const { verified } = await sweepPrefix({ ...ports, store }, options);
  if (verified) return;
  throw new ExpungeError(
    "store-unusable",
    `Something of the demo remains below s3://${config.bucket}/${config.prefix}`,
  );
}

async function startListening(
  running: Running,
  address: { readonly host: string; readonly port: number },
  io: Io,
): Promise<Listener> {
  const listener = await Listener.open(running, address);
  await running.start();
  await listener.untilReady(io.interrupt);
  return listener;
}

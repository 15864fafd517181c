import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composeService, openLog, type Running } from "../../compose.ts";
import { loadConfig } from "../../config.ts";
import { LIMITS } from "../../core/limits.ts";
import { Client } from "../client.ts";
import type { Io } from "../io.ts";
import { Listener } from "../listener.ts";

const LAYOUTS = [{ name: "audio", template: "audio/proj_{project}/**" }];

/** A real service in a temporary directory, with one legacy layout, and a client that talks to it. */
export interface World {
  readonly dataDir: string;
  /** Where the objects lie. */
  readonly storeDir: string;
  readonly client: Client;
  /** Stops the service and removes the directory. */
  close(): Promise<void>;
}

export async function openWorld(io: Io): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), "expunge-demo-"));
  const removed = async (): Promise<void> => await rm(dir, { recursive: true, force: true });
  try {
    await writeFile(join(dir, "expunge.config.json"), JSON.stringify({ layouts: LAYOUTS }));
    return await serveIn(dir, io, removed);
  } catch (error) {
    await removed();
    throw error;
  }
}

async function serveIn(dir: string, io: Io, removed: () => Promise<void>): Promise<World> {
  const dataDir = join(dir, "data");
  const storeDir = join(dataDir, "objects");
  await mkdir(storeDir, { recursive: true });
  const config = await loadConfig({
    // Nothing of the user's own settings: the demo must not reach any other store.
    env: {},
    cwd: dir,
    overrides: {
      EXPUNGE_DATA_DIR: dataDir,
      EXPUNGE_STORE: `file:${storeDir}`,
      EXPUNGE_PORT: "0",
    },
  });
  const running = await composeService(config, { log: openLog({ level: "error" }) });
  let listener: Listener | null = null;
  const close = async (): Promise<void> => {
    await listener?.close(LIMITS.shutdownGraceMs);
    await running.close();
    await removed();
  };
  try {
    listener = await startListening(running, config, io);
    const { url } = listener;
    const client = new Client({ url, token: running.adminToken, signal: io.interrupt });
    return { dataDir, storeDir, client, close };
  } catch (error) {
    await close();
    throw error;
  }
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

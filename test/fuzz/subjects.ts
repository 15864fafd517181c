import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { composeService } from "../../src/compose.ts";
import { loadConfig } from "../../src/config.ts";
import { keptLog } from "../adapters/kept-log.ts";
import { startHttp } from "../http/support.ts";
import { TOKENS } from "./world.ts";

export interface Subject {
  readonly app: FastifyInstance;
  readonly log: () => readonly string[];
  readonly close: () => Promise<void>;
}

const authenticate = async (token: string) => TOKENS[token] ?? null;

/** The services on the memory adapters. */
export async function inMemory(): Promise<Subject> {
  const { app, log, close } = await startHttp({ http: { authenticate } });
  return { app, log: () => log.lines, close };
}

/** The services as they are composed for production, on the embedded database and a directory. */
export async function embedded(): Promise<Subject> {
  const dir = await mkdtemp(join(tmpdir(), "expunge-fuzz-"));
  const config = await loadConfig({ env: { EXPUNGE_DATA_DIR: join(dir, "data") }, cwd: dir });
  const { log, lines } = keptLog("info");
  const running = await composeService(config, { log });
  await running.start();
  const { services, context } = running;
  const http = await startHttp({
    work: false,
    http: { authenticate, services, log, settings: context.settings },
  });
  return {
    app: http.app,
    log: () => lines,
    close: async () => {
      await http.close();
      await running.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

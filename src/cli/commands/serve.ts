import type { Command } from "commander";
import type { Running } from "../../compose.ts";
import { type Config, loadConfig, type Overrides } from "../../config.ts";
import { ADMIN } from "../../core/caller.ts";
import { signInPath } from "../../core/credentials.ts";
import { ExpungeError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { MINUTE_MS } from "../../core/limits/units.ts";
import { VERSION } from "../../version.ts";
import { configOptions } from "../connect.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { Listener } from "../listener.ts";
import type { Shell } from "../shell.ts";

const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

interface ServeFlags {
  readonly host?: string;
  readonly port?: string;
  readonly dataDir?: string;
  readonly store?: string;
  readonly database?: string;
  readonly role?: string;
  readonly logLevel: string;
  readonly acceptStore?: true;
}

export function addServe(program: Command, shell: Shell): void {
  program
    .command("serve")
    .description("run the service until it is told to stop")
    .option("--host <address>", "address to listen on (EXPUNGE_HOST)")
    .option("--port <number>", "port to listen on, 0 for a free one (EXPUNGE_PORT)")
    .option("--data-dir <dir>", "database, local objects, keys (EXPUNGE_DATA_DIR)")
    .option("--store <url>", "where the objects lie (EXPUNGE_STORE)")
    .option("--database <url>", "pglite: or postgres://... (EXPUNGE_DATABASE)")
    .option("--role <role>", "all, api or worker (EXPUNGE_ROLE)")
    .option(
      "--accept-store",
      "the objects were moved to this store by other means: take it from now on",
    )
    .option("--log-level <level>", LOG_LEVELS.join(", "), "info")
    .action(shell.closingAction((flags: ServeFlags) => serve(shell, flags)));
}

async function serve(shell: Shell, flags: ServeFlags): Promise<ExitCode> {
  const level = LOG_LEVELS.find((each) => each === flags.logLevel);
  if (level === undefined) {
    throw new ExpungeError(
      "invalid-request",
      `--log-level is '${flags.logLevel}'; write ${LOG_LEVELS.join(", ")}.`,
    );
  }
  const overrides = overridesOf(flags);
  const config = await loadConfig({ ...configOptions(shell.io), overrides });
  // Loaded here and not by every command: the database alone takes longer than most of them.
  const { composeService, openLog } = await import("../../compose.ts");
  const running = await composeService(config, {
    log: openLog({ level }),
    acceptStore: flags.acceptStore ?? false,
  });
  try {
    await listenUntilStopped(shell, config, running);
  } finally {
    await stopWithin(running, LIMITS.shutdownGraceMs / 2);
  }
  if (!shell.out.isJson) await shell.out.note("stopped");
  return EXIT.done;
}

function overridesOf(flags: ServeFlags): Overrides {
  return {
    ...(flags.host === undefined ? {} : { EXPUNGE_HOST: flags.host }),
    ...(flags.port === undefined ? {} : { EXPUNGE_PORT: flags.port }),
    ...(flags.dataDir === undefined ? {} : { EXPUNGE_DATA_DIR: flags.dataDir }),
    ...(flags.store === undefined ? {} : { EXPUNGE_STORE: flags.store }),
    ...(flags.database === undefined ? {} : { EXPUNGE_DATABASE: flags.database }),
    ...(flags.role === undefined ? {} : { EXPUNGE_ROLE: flags.role }),
  };
}

async function listenUntilStopped(shell: Shell, config: Config, running: Running): Promise<void> {
  const { interrupt } = shell.io;
  // A worker has no port, so that it can stand beside an api process on one machine.
  const listener = config.role === "worker" ? null : await Listener.open(running, config);
  try {
    await running.start();
    await listener?.untilReady(interrupt);
    if (!interrupt.aborted) await announce(shell, config, running, listener?.url ?? null);
    await untilAborted(interrupt);
  } finally {
    await listener?.close(LIMITS.shutdownGraceMs / 2);
  }
}

async function announce(
  shell: Shell,
  { dataDir, role }: Config,
  { adminTokenPath, services }: Running,
  url: string | null,
): Promise<void> {
  const { out } = shell;
  const signInUrl =
    url === null ? null : url + signInPath((await services.sessions.createCode(ADMIN)).code);
  if (out.isJson) {
    const facts = { url, role, adminTokenPath, signInUrl };
    const document = { ...facts, dataDir, version: VERSION, pid: process.pid };
    await out.result(document, () => []);
    return;
  }
  await out.note(`expunge ${VERSION} is ready${url === null ? ` (${role})` : ` at ${url}`}`);
  await out.note(`admin token: ${adminTokenPath ?? "given by EXPUNGE_ADMIN_TOKEN"}`);
  if (signInUrl !== null) {
    const minutes = LIMITS.signInCodeLifeMs / MINUTE_MS;
    await out.note(`sign in: ${signInUrl} (once, within ${minutes} minutes)`);
  }
  await out.note(`data: ${dataDir}`);
  await out.note("Ctrl-C stops it.");
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Work that does not end in time is safe to leave: every stage is durable and another run goes on. */
async function stopWithin(running: Running, graceMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, graceMs);
  try {
    await Promise.race([running.close(), promise]);
  } finally {
    clearTimeout(timer);
  }
}

import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import type { Command } from "commander";
import { type Config, loadClientSettings, loadConfig } from "../config.ts";
import { type ClientOptions, createClient, type ExpungeClient } from "../client/index.ts";
import { ExpungeError } from "../core/errors.ts";
import { VERSION } from "../version.ts";
import type { Io } from "./io.ts";

export interface ServiceFlags {
  readonly url?: string;
  readonly token?: string;
}

/** The options of every command that talks to a service. */
export function withService(command: Command): Command {
  return command
    .option("--url <url>", "the service (EXPUNGE_URL; the local one by default)")
    .option("--token <token>", "the token (EXPUNGE_TOKEN; the local admin token by default)");
}

/** Where a service is, and who asks it. */
export interface ServiceAddress {
  readonly url: string;
  /** Null: none was found. */
  readonly token: string | null;
  /** Whether somebody named it; else it is where the configuration has one on this machine. */
  readonly isNamed: boolean;
}

/**
 * A client for the service that flags, environment or configuration name.
 * @throws ExpungeError `invalid-config`, `invalid-request`
 */
export async function connect(io: Io, flags: ServiceFlags): Promise<ExpungeClient> {
  const { url, token } = await serviceAt(io, flags);
  return clientOf(io, url, token);
}

/** @throws ExpungeError `invalid-config`, `invalid-request` */
export async function serviceAt(io: Io, flags: ServiceFlags): Promise<ServiceAddress> {
  const settings = loadClientSettings(io.env);
  const given = flags.url ?? settings.url;
  const token = flags.token ?? settings.token;
  if (given !== null && !/^https?:\/\/[^/]/.test(given)) {
    throw new ExpungeError("invalid-request", `'${given}' is no http:// or https:// URL.`);
  }
  const isNamed = given !== null;
  if (given !== null && token !== null) return { url: given, token, isNamed };
  const config = await loadConfig(configOptions(io));
  const url = given ?? localUrl(config);
  return { url, token: token ?? (await localToken(config, url)), isNamed };
}

/** A client whose calls end with the run of the command. */
export function clientOf(
  io: Io,
  url: string,
  token: string | null,
  options: Pick<ClientOptions, "attemptsMax"> = {},
): ExpungeClient {
  const headers = { "user-agent": `expunge/${VERSION}` };
  return createClient({ url, token, signal: io.interrupt, headers, ...options });
}

/** Where the configuration is read: the environment of the run, and its working directory. */
export function configOptions(io: Io): {
  readonly cwd: string;
  readonly env?: NonNullable<Io["env"]>;
} {
  return { cwd: io.cwd, ...(io.env === undefined ? {} : { env: io.env }) };
}

function localUrl({ host, port }: Config): string {
  const isAny = host === "0.0.0.0" || host === "::";
  return urlOf(isAny ? "127.0.0.1" : host, port);
}

export function urlOf(host: string, port: number): string {
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/** The local admin token, for a service on this machine only: no other host ever gets it by default. */
async function localToken(config: Config, url: string): Promise<string | null> {
  const { hostname } = new URL(url);
  const isLocal =
    hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  if (!isLocal) return null;
  if (config.adminToken !== null) return config.adminToken;
  try {
    return (await readFile(join(config.dataDir, "admin-token"), "utf8")).trim();
  } catch {
    // Without one the service answers 401, and that says what is missing.
    return null;
  }
}

/**
 * The configuration: the only module that reads the environment. What belongs to it lies in `config/`.
 */
import { describe, type SettingDescription } from "./config/describe.ts";
import { readClientSettings, readConfig } from "./config/load.ts";
import type { Config, Environment, Overrides } from "./config/types.ts";

export type { SettingDescription } from "./config/describe.ts";
export type { ConfigFile } from "./config/file.ts";
export { flagOf, NAMES, type NameInfo, type SettingName } from "./config/names.ts";
export type {
  CdnConfig,
  Config,
  DatabaseConfig,
  Environment,
  FileStoreConfig,
  JwtConfig,
  LayoutConfig,
  LimitConfig,
  Overrides,
  Provenance,
  Role,
  S3StoreConfig,
  Source,
  StoreConfig,
  WebhookConfig,
} from "./config/types.ts";

/** Where the settings are read from (docs/configuration.md). */
export interface ConfigOptions {
  /** The environment of the process by default. */
  readonly env?: Environment;
  /** The working directory of the process by default. */
  readonly cwd?: string;
  /** What flags say, by the name of the environment with the same meaning. */
  readonly overrides?: Overrides;
}

/**
 * Reads the configuration: flags before the environment, the environment before the config file, that
 * before the defaults.
 * @throws ExpungeError `invalid-config` with everything that is wrong at once
 */
export async function loadConfig(options: ConfigOptions = {}): Promise<Config> {
  return readConfig({
    env: options.env ?? process.env,
    cwd: options.cwd ?? process.cwd(),
    overrides: options.overrides ?? {},
  });
}

/** Of the environment only what reaches a bucket: endpoint, region and keys. */
export function storeSettings(env: Environment = process.env): Environment {
  const names = Object.entries(env).filter(([name]) => /^(EXPUNGE_S3_|R2_|AWS_)/.test(name));
  return Object.fromEntries(names);
}

/** What the command line's client needs: null where it has its default. @throws ExpungeError */
export function loadClientSettings(env: Environment = process.env): {
  readonly url: string | null;
  readonly token: string | null;
} {
  return readClientSettings(env);
}

/** Every effective setting with its origin, secrets redacted: what `expunge config` prints. */
export function describeConfig(config: Config): readonly SettingDescription[] {
  return describe(config);
}

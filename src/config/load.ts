import { type LoadedFile, loadConfigFile } from "./file.ts";
import { FILE_KEYS, flagOf, isSettingName, NAMES, type SettingName } from "./names.ts";
import { problemOfName } from "./nearest.ts";
import { Problems } from "./problems.ts";
import { type Given, SettingReader } from "./reader.ts";
import type { Config, Environment, Overrides } from "./types.ts";
import { readValues } from "./values.ts";

export interface LoadOptions {
  readonly env: Environment;
  /** Where the config file is looked for, and where relative paths start. */
  readonly cwd: string;
  /** What flags say; they go before the environment, which goes before the file. */
  readonly overrides?: Overrides;
}

/** Reads and checks every setting. @throws ExpungeError `invalid-config` with all that is wrong */
export async function readConfig(options: LoadOptions): Promise<Config> {
  const problems = new Problems();
  checkNames(options.env, problems);
  const given = givenByProcess(options);
  const path = given.get("EXPUNGE_CONFIG")?.text ?? null;
  const file = await loadConfigFile(options.cwd, path, problems);
  const reader = new SettingReader(withFile(given, file), problems);
  const config = readValues(reader, file, options);
  problems.throwIfAny();
  return deepFreeze(config);
}

/** The two settings of the command line's client. @throws ExpungeError `invalid-config` */
export function readClientSettings(env: Environment): { url: string | null; token: string | null } {
  const problems = new Problems();
  checkNames(env, problems);
  const reader = new SettingReader(givenByProcess({ env, cwd: "" }), problems);
  const client = { url: reader.httpUrl("EXPUNGE_URL"), token: reader.text("EXPUNGE_TOKEN") };
  problems.throwIfAny();
  return client;
}

function checkNames(env: Environment, problems: Problems): void {
  for (const name of Object.keys(env).sort()) {
    const problem = problemOfName(name);
    if (problem !== null) problems.add(problem);
  }
}

/** Empty and blank values count as not set: container tools pass them for variables that are not there. */
function givenByProcess({ env, overrides = {} }: LoadOptions): Map<SettingName, Given> {
  const given = new Map<SettingName, Given>();
  for (const name of Object.keys(NAMES).filter((each) => isSettingName(each))) {
    const flag = overrides[name]?.trim() ?? "";
    const variable = env[name]?.trim() ?? "";
    if (flag !== "") given.set(name, { text: flag, source: "flag", origin: flagOf(name) });
    else if (variable !== "") {
      given.set(name, { text: variable, source: "environment", origin: name });
    }
  }
  return given;
}

function withFile(
  given: ReadonlyMap<SettingName, Given>,
  file: LoadedFile | null,
): Map<SettingName, Given> {
  const all = new Map(given);
  if (file === null) return all;
  const { store, database, grace, settle } = file.values;
  const texts = {
    store,
    database,
    grace,
    settle: typeof settle === "string" ? settle : settleText(settle),
  };
  for (const key of ["store", "database", "grace", "settle"] as const) {
    const name = FILE_KEYS[key];
    const text = texts[key];
    if (text === undefined || all.has(name)) continue;
    all.set(name, { text, source: "file", origin: `${key} in ${file.path}` });
  }
  return all;
}

function settleText(settle: readonly string[] | undefined): string | undefined {
  if (settle === undefined) return undefined;
  return settle.length === 0 ? "off" : settle.join(",");
}

/** Also below what is frozen already: zod freezes its lists, but not what they hold. */
function deepFreeze<Value>(value: Value, seen: Set<unknown> = new Set()): Value {
  if (typeof value !== "object" || value === null || seen.has(value)) return value;
  seen.add(Object.freeze(value));
  for (const each of Object.values(value)) deepFreeze(each, seen);
  return value;
}

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { messageOf } from "../core/errors.ts";
import { CDN_MODES } from "../core/cdn.ts";
import { WEBHOOK_EVENT_TYPES } from "../core/webhooks.ts";
import { FILE_KEYS } from "./names.ts";
import { didYouMean } from "./nearest.ts";
import type { Problems } from "./problems.ts";

/** A host name, as a public domain of a bucket is one. */
export const HOST_NAME = /^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/;

const LAYOUT = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, {
    error: "write 1 to 63 lower-case letters, digits and '-'",
  }),
  template: z.string().min(1, { error: "write a template such as 'audio/{project}/**'" }),
});

const WEBHOOK = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: "write an https:// or http:// URL" }),
  secret: z.union([z.string(), z.strictObject({ env: z.string().min(1) })], {
    error: "write 'whsec_...', or {\"env\": NAME} where a variable holds it",
  }),
  events: z
    .array(
      z.enum(WEBHOOK_EVENT_TYPES, {
        error: `write of these: '${WEBHOOK_EVENT_TYPES.join("', '")}'`,
      }),
    )
    .min(1, { error: "name one event at least, or leave it out for all" })
    .readonly()
    .optional(),
});

const CDN = z.strictObject({
  kind: z.literal("cloudflare", { error: "write 'cloudflare'" }),
  zone: z.string().regex(/^[0-9a-f]{32}$/, {
    error: "write the zone's id, 32 hexadecimal digits, as its overview shows it",
  }),
  mode: z.enum(CDN_MODES, { error: `write '${CDN_MODES.join("' or '")}'` }).optional(),
  domain: z
    .string()
    .regex(HOST_NAME, { error: "write a domain such as 'files.example.org'" })
    .optional(),
  endpoint: z.url({ protocol: /^https?$/, error: "write an https:// URL" }).optional(),
});

const CONFIG_FILE = z.strictObject({
  store: z.string().optional(),
  database: z.string().optional(),
  grace: z.string().optional(),
  settle: z
    .union([z.string(), z.array(z.string()).readonly()], { error: "write '1h,24h' or a list" })
    .optional(),
  projectId: z.string().optional(),
  layouts: z.array(LAYOUT).readonly().optional(),
  webhooks: z.array(WEBHOOK).readonly().optional(),
  cdn: CDN.optional(),
});

/** What `expunge.config.json` holds, and `expunge.config.ts` exports as its default. */
export type ConfigFile = z.input<typeof CONFIG_FILE>;

/** Keys that are known below each list, for "did you mean". */
const NESTED_KEYS: Readonly<Record<string, readonly string[]>> = {
  layouts: Object.keys(LAYOUT.shape),
  webhooks: Object.keys(WEBHOOK.shape),
  cdn: Object.keys(CDN.shape),
};

export interface LoadedFile {
  readonly path: string;
  readonly values: ConfigFile;
}

const FILE_NAMES = ["expunge.config.ts", "expunge.config.json"] as const;

/**
 * Reads the config file: the one that EXPUNGE_CONFIG names, else the one in the working directory;
 * null where there is none.
 */
export async function loadConfigFile(
  cwd: string,
  named: string | null,
  problems: Problems,
): Promise<LoadedFile | null> {
  const path = findFile(cwd, named, problems);
  if (path === null) return null;
  const read = path.endsWith(".json")
    ? await readJson(path, problems)
    : await importDefault(path, problems);
  if (read === null) return null;
  const parsed = CONFIG_FILE.safeParse(read.value);
  if (parsed.success) return { path, values: parsed.data };
  for (const issue of parsed.error.issues) addIssue(issue, path, problems);
  return null;
}

function findFile(cwd: string, named: string | null, problems: Problems): string | null {
  if (named !== null) {
    const path = resolve(cwd, named);
    if (!/\.(json|ts)$/.test(path)) {
      problems.add(`EXPUNGE_CONFIG is '${named}'; write the path of a .ts or .json file.`);
    } else if (existsSync(path)) return path;
    else problems.add(`EXPUNGE_CONFIG is '${named}', and there is no such file.`);
    return null;
  }
  const [path, other] = FILE_NAMES.map((name) => resolve(cwd, name)).filter((at) => existsSync(at));
  if (path === undefined) return null;
  if (other !== undefined) {
    problems.add(`${path} and ${other} are both there; remove one, or name it by EXPUNGE_CONFIG.`);
  }
  return path;
}

async function readJson(path: string, problems: Problems): Promise<{ value: unknown } | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    problems.add(`${path} cannot be read: ${messageOf(error)}`);
    return null;
  }
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    // The message of JSON.parse quotes the text around the error, which may be a secret.
    const offset = /at position (\d+)/.exec(messageOf(error))?.[1];
    const before = text.slice(0, offset === undefined ? text.length : Number(offset));
    problems.add(`${path} is not JSON; look at line ${before.split("\n").length}.`);
    return null;
  }
}

async function importDefault(path: string, problems: Problems): Promise<{ value: unknown } | null> {
  let module: unknown;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    // Only the first line: what follows quotes the source, which may hold a secret.
    problems.add(`${path} cannot be loaded: ${messageOf(error).split("\n")[0]}`);
    return null;
  }
  if (typeof module === "object" && module !== null && "default" in module) {
    return { value: module.default };
  }
  problems.add(`${path} has no default export; write 'export default { ... }'.`);
  return null;
}

function addIssue(issue: z.core.$ZodIssue, path: string, problems: Problems): void {
  if (issue.code === "unrecognized_keys") {
    const known = NESTED_KEYS[String(issue.path[0])] ?? Object.keys(FILE_KEYS);
    const above = pathText(issue.path);
    const where = above === "" ? path : `${above} in ${path}`;
    for (const key of issue.keys) problems.add(`${where}: ${didYouMean(key, known)}`);
    return;
  }
  problems.add(`${pathText(issue.path) || "the default value"} in ${path}: ${issue.message}.`);
}

/** `layouts[0].name` */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");
}

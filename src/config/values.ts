import { isIP } from "node:net";
import { resolve } from "node:path";
import { isExpungeError } from "../core/errors.ts";
import { DEFAULT_ID_FORMAT, type IdFormat, parseIdFormat } from "../core/ids.ts";
import { LIMITS } from "../core/limits.ts";
import { HOUR_MS, SECOND_MS } from "../core/limits/units.ts";
import { DURATION_MAX_MS } from "../core/duration.ts";
import { readCdn } from "./cdn.ts";
import type { LoadedFile } from "./file.ts";
import { type FileKey, isSettingName, NAMES, type SettingName } from "./names.ts";
import { readLimits } from "./limits.ts";
import type { SettingReader } from "./reader.ts";
import { shown } from "./redact.ts";
import { readTraces } from "./traces.ts";
import { type Directories, directoryOf, parseStore } from "./store.ts";
import {
  type Config,
  type DatabaseConfig,
  type Environment,
  type JwtConfig,
  type Provenance,
  ROLES,
} from "./types.ts";
import { readWebhooks } from "./webhooks.ts";

const DEFAULTS = {
  dataDir: "./data",
  host: "127.0.0.1",
  port: 3000,
  graceMs: 0,
  deleteWaitMs: 300 * SECOND_MS,
  urlExpiryMs: 300 * SECOND_MS,
  settleMs: [HOUR_MS, 24 * HOUR_MS],
} as const;

/** A port as TCP has it. */
const PORT_MAX = 65_535;

/** The effective value of every setting; what is wrong goes to the reader's problems. */
export function readValues(
  reader: SettingReader,
  file: LoadedFile | null,
  { cwd, env }: { readonly cwd: string; readonly env: Environment },
): Config {
  const dataDir = resolve(cwd, reader.text("EXPUNGE_DATA_DIR") ?? DEFAULTS.dataDir);
  const { store, givenBy } = parseStore(reader, { cwd, dataDir });
  const database = readDatabase(reader, { cwd, dataDir });
  const signingKey = reader.text("EXPUNGE_SIGNING_KEY");
  if (database.kind === "postgres" && signingKey === null) {
    reader.problems.add(
      "EXPUNGE_SIGNING_KEY is missing: with Postgres several processes sign, and they must share one key. " +
        "Make it with 'openssl genpkey -algorithm ed25519 -out FILE' and set the path.",
    );
  }
  const expiryMaxMs = store.kind === "s3" ? LIMITS.storeUrlExpiryMaxMs : LIMITS.urlExpiryMaxMs;
  const jwt = readJwt(reader);
  const allowPrivate = reader.boolean("EXPUNGE_WEBHOOKS_ALLOW_PRIVATE", false);
  return {
    dataDir,
    database,
    store,
    host: readHost(reader, jwt),
    port: reader.integer("EXPUNGE_PORT", DEFAULTS.port, { min: 0, max: PORT_MAX }),
    publicUrl: readPublicUrl(reader),
    corsOrigins: readOrigins(reader),
    adminToken: readAdminToken(reader),
    jwt,
    graceMs: reader.duration("EXPUNGE_GRACE", DEFAULTS.graceMs, {
      minMs: 0,
      maxMs: DURATION_MAX_MS,
    }),
    ...readLimits(reader),
    deleteWaitMs: reader.duration("EXPUNGE_DELETE_WAIT", DEFAULTS.deleteWaitMs, {
      minMs: 0,
      maxMs: LIMITS.deleteWaitMaxMs,
    }),
    urlExpiryMs: reader.duration("EXPUNGE_URL_EXPIRY", DEFAULTS.urlExpiryMs, {
      minMs: SECOND_MS,
      maxMs: expiryMaxMs,
    }),
    signingKeyPath: signingKey === null ? null : resolve(cwd, signingKey),
    settleMs: reader.durations("EXPUNGE_SETTLE", DEFAULTS.settleMs),
    traces: readTraces(reader),
    role: reader.choice("EXPUNGE_ROLE", ROLES, "all"),
    projectIdFormat: readIdFormat(reader, file),
    layouts: readLayouts(reader, file),
    webhooks: readWebhooks(reader, file, env, allowPrivate),
    webhooksAllowPrivate: allowPrivate,
    cdn: readCdn(reader, file, store),
    sources: sourcesOf(reader, file, givenBy),
  };
}

function readDatabase(reader: SettingReader, directories: Directories): DatabaseConfig {
  const byDefault: DatabaseConfig = {
    kind: "pglite",
    dir: resolve(directories.dataDir, "database"),
  };
  const name = reader.given("EXPUNGE_DATABASE") === undefined ? "DATABASE_URL" : "EXPUNGE_DATABASE";
  const text = reader.text(name);
  if (text === null) return byDefault;
  if (text.startsWith("pglite:")) {
    const dir = directoryOf(text, "pglite:");
    return dir === "" ? byDefault : { kind: "pglite", dir: resolve(directories.cwd, dir) };
  }
  if (/^postgres(ql)?:\/\//.test(text)) {
    if (URL.canParse(text)) return { kind: "postgres", url: text };
    reader.refuse(
      name,
      "is no valid URL; characters such as '@', '/' and '#' in the password must be percent-encoded.",
    );
    return byDefault;
  }
  // The value is not shown: it may hold a password in a form that cannot be recognised.
  reader.refuse(
    name,
    "is of another kind; write 'postgres://USER:PASSWORD@HOST/NAME' or 'pglite:DIR'.",
  );
  return byDefault;
}

function readJwt(reader: SettingReader): JwtConfig | null {
  const names = ["EXPUNGE_JWKS_URL", "EXPUNGE_JWT_ISSUER", "EXPUNGE_JWT_AUDIENCE"] as const;
  const missing = names.filter((name) => reader.given(name) === undefined);
  if (missing.length === names.length) return null;
  if (missing.length > 0) {
    // Without issuer and audience, a token made for another service would be accepted here.
    reader.problems.add(
      `${missing.join(" and ")} missing: users' tokens need ${names.join(", ")}.`,
    );
  }
  const jwksUrl = reader.httpUrl("EXPUNGE_JWKS_URL");
  const issuer = reader.text("EXPUNGE_JWT_ISSUER");
  const audience = reader.text("EXPUNGE_JWT_AUDIENCE");
  if (jwksUrl === null || issuer === null || audience === null) return null;
  return { jwksUrl, issuer, audience };
}

function readHost(reader: SettingReader, jwt: JwtConfig | null): string {
  const host = reader.text("EXPUNGE_HOST")?.replace(/^\[(.*)\]$/, "$1") ?? DEFAULTS.host;
  const isName = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(host);
  if (isIP(host) === 0 && !isName) {
    reader.refuse(
      "EXPUNGE_HOST",
      `is ${shown(host)}; write an address or a host name, such as '0.0.0.0'.`,
    );
    return DEFAULTS.host;
  }
  if (!isLoopback(host) && jwt === null && reader.given("EXPUNGE_ADMIN_TOKEN") === undefined) {
    reader.refuse(
      "EXPUNGE_HOST",
      `is '${host}', which other machines can reach: set EXPUNGE_ADMIN_TOKEN or EXPUNGE_JWKS_URL as well.`,
    );
  }
  return host;
}

function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith("127.");
  return host === "::1" || host.toLowerCase() === "localhost";
}

function readPublicUrl(reader: SettingReader): string | null {
  const url = reader.httpUrl("EXPUNGE_PUBLIC_URL");
  if (url === null || !/[?#]/.test(url)) return url;
  reader.refuse("EXPUNGE_PUBLIC_URL", "has a query or a fragment; paths are put behind it.");
  return null;
}

/** Each origin by itself: `*` would let every page on the web try its luck with a token. */
function readOrigins(reader: SettingReader): readonly string[] {
  const texts = (reader.text("EXPUNGE_CORS_ORIGINS") ?? "").split(",").map((text) => text.trim());
  return texts.flatMap((text) => {
    if (text === "") return [];
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url !== null && /^https?:$/.test(url.protocol) && url.origin === text) return [text];
    const instead = url !== null && url.origin !== "null" ? `'${url.origin}'` : "an origin";
    reader.refuse(
      "EXPUNGE_CORS_ORIGINS",
      `has ${shown(text)}; write ${instead}, such as 'https://app.example.com', and no path or '*'.`,
    );
    return [];
  });
}

function readAdminToken(reader: SettingReader): string | null {
  const token = reader.text("EXPUNGE_ADMIN_TOKEN");
  if (token === null || /^[\x21-\x7e]+$/.test(token)) return token;
  reader.refuse("EXPUNGE_ADMIN_TOKEN", "holds a space or a character that no header can carry.");
  return null;
}

function readIdFormat(reader: SettingReader, file: LoadedFile | null): IdFormat {
  const text = file?.values.projectId;
  if (text === undefined) return DEFAULT_ID_FORMAT;
  try {
    return parseIdFormat(text);
  } catch (error) {
    if (!isExpungeError(error)) throw error;
    reader.problems.add(`${error.message} (in ${file?.path ?? ""}).`);
    return DEFAULT_ID_FORMAT;
  }
}

function readLayouts(reader: SettingReader, file: LoadedFile | null): Config["layouts"] {
  const layouts = file?.values.layouts ?? [];
  const seen = new Set<string>();
  for (const { name } of layouts) {
    if (seen.has(name))
      reader.problems.add(`Two layouts are named '${name}'; give each its own name.`);
    seen.add(name);
  }
  return layouts;
}

/** Where each value came from, under the name that says it best. Names that only help are left out. */
function sourcesOf(
  reader: SettingReader,
  file: LoadedFile | null,
  givenBy: Readonly<Partial<Record<SettingName, SettingName>>>,
): Config["sources"] {
  const sources: Partial<Record<SettingName | FileKey, Provenance>> = {};
  const database = reader.given("EXPUNGE_DATABASE") ? "EXPUNGE_DATABASE" : "DATABASE_URL";
  for (const name of Object.keys(NAMES).filter((each) => isSettingName(each))) {
    const isPart = /^(EXPUNGE_STORE$|EXPUNGE_S3_|R2_|AWS_|DATABASE_URL$)/.test(name);
    const by = name === "EXPUNGE_DATABASE" ? database : isPart ? givenBy[name] : name;
    const given = by === undefined ? undefined : reader.given(by);
    if (given !== undefined) sources[name] = { source: given.source, origin: given.origin };
  }
  if (file === null) return sources;
  for (const key of [
    "projectId",
    "layouts",
    "webhooks",
    "cdn",
  ] as const satisfies readonly FileKey[]) {
    if (file.values[key] !== undefined) {
      sources[key] = { source: "file", origin: `${key} in ${file.path}` };
    }
  }
  return sources;
}

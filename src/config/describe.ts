import { formatDuration } from "../core/duration.ts";
import type { FileKey, SettingName } from "./names.ts";
import { REDACTED, redactUrl } from "./redact.ts";
import type { CdnConfig, Config, S3StoreConfig, Source, WebhookConfig } from "./types.ts";

export interface SettingDescription {
  /** As the environment or, for what only it can hold, the config file calls it. */
  readonly name: SettingName | FileKey;
  /** The effective value as text; secrets are redacted. */
  readonly value: string;
  readonly source: Source;
  /** The name, flag or file that gave the value; null for a default. */
  readonly origin: string | null;
}

const OFF = "off";

/** Every effective setting, for `expunge config`. Nothing in it is secret. */
export function describe(config: Config): readonly SettingDescription[] {
  return Object.entries(valuesOf(config)).map(([key, value]) => {
    const name = key as SettingName | FileKey;
    const from = config.sources[name];
    return { name, value, source: from?.source ?? "default", origin: from?.origin ?? null };
  });
}

function valuesOf(config: Config): Readonly<Partial<Record<SettingName | FileKey, string>>> {
  const { database, store, jwt } = config;
  return {
    EXPUNGE_DATA_DIR: config.dataDir,
    EXPUNGE_DATABASE:
      database.kind === "pglite" ? `pglite:${database.dir}` : redactUrl(database.url),
    EXPUNGE_STORE:
      store.kind === "file"
        ? `file:${store.dir}`
        : `s3://${store.bucket}/${store.prefix}`.replace(/\/$/, ""),
    ...(store.kind === "s3" ? s3Values(store) : {}),
    EXPUNGE_HOST: config.host,
    EXPUNGE_PORT: String(config.port),
    EXPUNGE_PUBLIC_URL: config.publicUrl ?? "the Host header",
    EXPUNGE_CORS_ORIGINS: config.corsOrigins.join(",") || "none",
    EXPUNGE_ADMIN_TOKEN: config.adminToken === null ? "made at first start" : REDACTED,
    EXPUNGE_JWKS_URL: jwt === null ? OFF : redactUrl(jwt.jwksUrl),
    EXPUNGE_JWT_ISSUER: jwt?.issuer ?? OFF,
    EXPUNGE_JWT_AUDIENCE: jwt?.audience ?? OFF,
    EXPUNGE_GRACE: formatDuration(config.graceMs),
    EXPUNGE_MIN_GRACE: formatDuration(config.minGraceMs),
    EXPUNGE_DELETION_LIMIT: countText(config.deletionsPerHour),
    EXPUNGE_RATE_LIMIT: countText(config.limits.requestsPerMinute),
    EXPUNGE_ADDRESS_RATE_LIMIT: countText(config.limits.addressRequestsPerMinute),
    EXPUNGE_AUTH_FAILURE_LIMIT: countText(config.limits.authFailuresPerMinute),
    EXPUNGE_TRUSTED_PROXIES: config.trustedProxies.join(",") || "none",
    EXPUNGE_DELETE_WAIT: formatDuration(config.deleteWaitMs),
    EXPUNGE_URL_EXPIRY: formatDuration(config.urlExpiryMs),
    EXPUNGE_SIGNING_KEY: config.signingKeyPath ?? "made in the data dir",
    EXPUNGE_SETTLE: config.settleMs.map((ms) => formatDuration(ms)).join(",") || OFF,
    EXPUNGE_ROLE: config.role,
    OTEL_EXPORTER_OTLP_ENDPOINT: config.traces === null ? OFF : redactUrl(config.traces.endpoint),
    EXPUNGE_WEBHOOKS_ALLOW_PRIVATE: String(config.webhooksAllowPrivate),
    projectId: config.projectIdFormat.text,
    layouts: config.layouts.map(({ name, template }) => `${name}=${template}`).join(", ") || "none",
    webhooks: config.webhooks.map((webhook) => webhookText(webhook)).join(", ") || OFF,
    EXPUNGE_CDN_API_TOKEN: config.cdn === null ? OFF : REDACTED,
    cdn: config.cdn === null ? OFF : cdnText(config.cdn),
  };
}

function countText(count: number | null): string {
  return count === null ? OFF : String(count);
}

function s3Values(store: S3StoreConfig): Readonly<Partial<Record<SettingName, string>>> {
  return {
    EXPUNGE_S3_ENDPOINT: store.endpoint === undefined ? "AWS" : redactUrl(store.endpoint),
    EXPUNGE_S3_REGION: store.region,
    EXPUNGE_S3_ACCESS_KEY_ID: keyIdText(store.accessKeyId),
    EXPUNGE_S3_SECRET_ACCESS_KEY:
      store.secretAccessKey === undefined ? "AWS's own chain" : REDACTED,
    EXPUNGE_S3_FORCE_PATH_STYLE: String(store.forcePathStyle),
    EXPUNGE_S3_WITHOUT: store.without?.join(",") ?? "nothing",
    R2_PUBLIC_DOMAIN: store.publicDomain ?? OFF,
  };
}

/** The end of an access key is enough to tell which one it is. */
function keyIdText(accessKeyId: string | undefined): string {
  if (accessKeyId === undefined) return "AWS's own chain";
  return accessKeyId.length < 16 ? REDACTED : `***${accessKeyId.slice(-4)}`;
}

function cdnText({ kind, zone, mode, domain, endpoint }: CdnConfig): string {
  return `${kind}, zone ${zone}, mode ${mode}, domain ${domain}, ${endpoint}`;
}

/** The path of a webhook is often its password. */
function webhookText({ url }: WebhookConfig): string {
  return `${new URL(url).origin}/${REDACTED}`;
}

/** One known name: what it means, the text that stands for its default, and whether it is a secret. */
export interface NameInfo {
  readonly meaning: string;
  /** As a person would write it; null where nothing is set by default. */
  readonly default: string | null;
  /** A secret, or a text that holds one: never printed. */
  readonly secret: boolean;
}

function setting(meaning: string, byDefault: string | null = null): NameInfo {
  return { meaning, default: byDefault, secret: false };
}

function secret(meaning: string): NameInfo {
  return { meaning, default: null, secret: true };
}

/** Every name of the environment that expunge reads. Documentation and checks are made from it. */
export const NAMES = {
  EXPUNGE_CONFIG: setting("path of the config file", "expunge.config.ts or .json, if there"),
  EXPUNGE_DATA_DIR: setting("embedded database, local objects, signing key, admin token", "./data"),
  EXPUNGE_DATABASE: {
    meaning: "'pglite:DIR', or 'postgres://...' in production",
    default: "pglite:",
    secret: true,
  },
  DATABASE_URL: secret("the same, where EXPUNGE_DATABASE is not set"),
  EXPUNGE_STORE: setting("'file:DIR' or 's3://BUCKET[/PREFIX]'", "file:"),
  EXPUNGE_S3_BUCKET: setting("the bucket, where EXPUNGE_STORE does not name it"),
  EXPUNGE_S3_ENDPOINT: setting("URL of an S3-compatible server", "AWS"),
  EXPUNGE_S3_REGION: setting("region of the bucket", "AWS_REGION, else us-east-1; auto on R2"),
  EXPUNGE_S3_ACCESS_KEY_ID: setting("access key", "AWS's own chain"),
  EXPUNGE_S3_SECRET_ACCESS_KEY: secret("secret of the access key"),
  EXPUNGE_S3_FORCE_PATH_STYLE: setting(
    "'true' or 'false': the bucket in the path of URLs",
    "true with an endpoint",
  ),
  EXPUNGE_S3_WITHOUT: setting(
    "what the store cannot list, by commas: 'multipart-listing', 'version-listing' ([stores.md](stores.md))",
    "nothing",
  ),
  AWS_REGION: setting("AWS's own name for the region"),
  AWS_DEFAULT_REGION: setting("AWS's own name for the region, where AWS_REGION is not set"),
  R2_ACCOUNT_ID: setting("Cloudflare account that holds the bucket"),
  R2_ACCESS_KEY_ID: setting("access key of an R2 token"),
  R2_SECRET_ACCESS_KEY: secret("secret of the R2 token"),
  R2_BUCKET_NAME: setting("bucket on R2"),
  R2_ENDPOINT: setting("URL of R2's S3 API, where it does not follow from the account"),
  R2_JURISDICTION: setting("'eu' or 'fedramp'"),
  R2_PUBLIC_DOMAIN: setting("domain on which the bucket is public"),
  EXPUNGE_HOST: setting("address to listen on", "127.0.0.1"),
  EXPUNGE_PORT: setting("port to listen on; 0 takes a free one", "3000"),
  EXPUNGE_PUBLIC_URL: setting(
    "where callers reach the service, behind a proxy: what links and part URLs begin with",
    "the Host header",
  ),
  EXPUNGE_CORS_ORIGINS: setting(
    "origins whose pages may call the API, by commas, such as 'https://app.example.com'",
    "none",
  ),
  EXPUNGE_ADMIN_TOKEN: secret("admin bearer token; made at first start where it is not set"),
  EXPUNGE_JWKS_URL: setting("keys of the issuer of users' tokens", null),
  EXPUNGE_JWT_ISSUER: setting("`iss` of users' tokens"),
  EXPUNGE_JWT_AUDIENCE: setting("`aud` of users' tokens"),
  EXPUNGE_GRACE: setting("time in which a deletion can be undone", "0s"),
  EXPUNGE_MIN_GRACE: setting("callers without the right admin cannot ask for less grace", "0s"),
  EXPUNGE_DELETION_LIMIT: setting(
    "projects whose deletion one caller without the right admin may request in an hour; 'off' for any number",
    "100",
  ),
  EXPUNGE_RATE_LIMIT: setting(
    "requests a minute of one caller without the right admin, counted in each process; 'off' for any number",
    "6000",
  ),
  EXPUNGE_ADDRESS_RATE_LIMIT: setting(
    "requests a minute of one address that need no token, such as signed URLs, counted in each process; 'off' for any number",
    "6000",
  ),
  EXPUNGE_AUTH_FAILURE_LIMIT: setting(
    "refused tokens a minute of one address; 'off' for any number",
    "60",
  ),
  EXPUNGE_TRUSTED_PROXIES: setting(
    "addresses and networks, by commas, whose X-Forwarded-For names the caller's address",
    "none",
  ),
  EXPUNGE_DELETE_WAIT: setting("how long a DELETE without Prefer waits", "300s"),
  EXPUNGE_URL_EXPIRY: setting("how long signed download URLs live", "5m"),
  EXPUNGE_SIGNING_KEY: setting(
    "path of the PEM of the Ed25519 key; required with Postgres",
    "made in the data dir",
  ),
  EXPUNGE_SETTLE: setting("when completed deletions are checked again; 'off' for never", "1h,24h"),
  EXPUNGE_ROLE: setting("'all', 'api' or 'worker'", "all"),
  OTEL_EXPORTER_OTLP_ENDPOINT: setting("where traces are sent, by OTLP over HTTP; none without it"),
  OTEL_EXPORTER_OTLP_HEADERS: secret("headers sent with them, 'NAME=VALUE,...'"),
  OTEL_SERVICE_NAME: setting("how traces call this service", "expunge"),
  EXPUNGE_WEBHOOKS_ALLOW_PRIVATE: setting(
    "'true': webhooks may go to private addresses and over http ([webhooks.md](webhooks.md))",
    "false",
  ),
  EXPUNGE_CDN_API_TOKEN: secret(
    "Cloudflare token with the permission 'Cache Purge' ([cdn.md](cdn.md))",
  ),
  EXPUNGE_URL: setting("service that the command line talks to", "http://127.0.0.1:3000"),
  EXPUNGE_TOKEN: secret("token that the command line sends; the local admin token by default"),
} as const satisfies Readonly<Record<string, NameInfo>>;

/** The name of a setting, as the environment has it. */
export type SettingName = keyof typeof NAMES;

/** Names with this start belong to the tests and are known everywhere. */
export const TEST_PREFIX = "EXPUNGE_TEST_";

/** Keys of the config file and the name of the environment with the same meaning, if there is one. */
export const FILE_KEYS = {
  store: "EXPUNGE_STORE",
  database: "EXPUNGE_DATABASE",
  grace: "EXPUNGE_GRACE",
  settle: "EXPUNGE_SETTLE",
  projectId: null,
  layouts: null,
  webhooks: null,
  cdn: null,
} as const satisfies Readonly<Record<string, SettingName | null>>;

export type FileKey = keyof typeof FILE_KEYS;

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(NAMES, name);
}

/** The flag of `expunge serve` with the same meaning: EXPUNGE_DATA_DIR is `--data-dir`. */
export function flagOf(name: SettingName): string {
  return `--${name
    .replace(/^EXPUNGE_/, "")
    .toLowerCase()
    .replaceAll("_", "-")}`;
}

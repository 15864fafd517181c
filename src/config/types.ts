import type { CdnMode } from "../core/cdn.ts";
import type { Lack } from "../core/store-lacks.ts";
import type { IdFormat } from "../core/ids.ts";
import type { WebhookEventType } from "../core/webhooks.ts";
import type { FileKey, SettingName } from "./names.ts";

export type DatabaseConfig =
  | { readonly kind: "pglite"; readonly dir: string }
  /** The URL holds a password: never print it, see `describeConfig`. */
  | { readonly kind: "postgres"; readonly url: string };

export interface FileStoreConfig {
  readonly kind: "file";
  readonly dir: string;
}

export interface S3StoreConfig {
  readonly kind: "s3";
  readonly bucket: string;
  /** Empty, or ending in `/`. */
  readonly prefix: string;
  /** Absent: AWS. */
  readonly endpoint?: string;
  readonly region: string;
  /** Both or none; none: AWS's own chain. */
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly forcePathStyle: boolean;
  /** Where the settings say whose it is; else the endpoint's host does. */
  readonly provider?: "r2";
  /** What the store is declared to lack; absent: nothing. */
  readonly without?: readonly Lack[];
  /** A host name, without scheme and path. */
  readonly publicDomain?: string;
}

export type StoreConfig = FileStoreConfig | S3StoreConfig;

/** What the store's settings lead to. */
export interface ParsedStore {
  readonly store: StoreConfig;
  /** The name that gave each part, where it is not the default. */
  readonly givenBy: Readonly<Partial<Record<SettingName, SettingName>>>;
}

export interface JwtConfig {
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audience: string;
}

/** Requests in a minute, counted in each process; null: any number. */
export interface LimitConfig {
  /** Of one caller without the right `admin`. */
  readonly requestsPerMinute: number | null;
  /** Of one address, where no token is asked for. */
  readonly addressRequestsPerMinute: number | null;
  /** Of one address, refused for their token. */
  readonly authFailuresPerMinute: number | null;
}

export interface TracesConfig {
  readonly endpoint: string;
  /** Secrets, as a rule. */
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
}

export const ROLES = ["all", "api", "worker"] as const;
/** Whether the process serves requests, works on deletions, or both. */
export type Role = (typeof ROLES)[number];

export interface LayoutConfig {
  readonly name: string;
  readonly template: string;
}

export interface WebhookConfig {
  readonly url: string;
  /** `whsec_` and base64. */
  readonly secret: string;
  readonly events: readonly WebhookEventType[];
}

/** A CDN before the bucket, whose caches are purged (docs/cdn.md). */
export interface CdnConfig {
  readonly kind: "cloudflare";
  readonly zone: string;
  /** A secret. */
  readonly apiToken: string;
  readonly mode: CdnMode;
  /** A host name, without scheme and path. */
  readonly domain: string;
  /** Where the API is, without a final `/`. */
  readonly endpoint: string;
}

/** Where a value came from. */
export type Source = "default" | "environment" | "file" | "flag";

export interface Provenance {
  readonly source: Source;
  /** The name, flag or file that gave it, as a person would look for it. */
  readonly origin: string;
}

/** The effective settings of one process: complete, checked, frozen. */
export interface Config {
  /** Absolute, as every directory and path here. */
  readonly dataDir: string;
  readonly database: DatabaseConfig;
  readonly store: StoreConfig;
  readonly host: string;
  readonly port: number;
  /** Without a final `/`; null: as the Host header of a request says. */
  readonly publicUrl: string | null;
  /** As browsers send them: scheme, host and port. */
  readonly corsOrigins: readonly string[];
  /** null: made at the first start, in the data dir. */
  readonly adminToken: string | null;
  /** null: no users' tokens, only the admin's. */
  readonly jwt: JwtConfig | null;
  readonly graceMs: number;
  /** No deletion that a caller without the right `admin` asks for, and no expiry, has a shorter grace. */
  readonly minGraceMs: number;
  /** Projects whose deletion one such caller may request in an hour; null: any number. */
  readonly deletionsPerHour: number | null;
  readonly limits: LimitConfig;
  /** Addresses and networks whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly deleteWaitMs: number;
  readonly urlExpiryMs: number;
  /** null: made in the data dir. */
  readonly signingKeyPath: string | null;
  /** Ages at which a completed deletion is checked again, ascending. */
  readonly settleMs: readonly number[];
  readonly role: Role;
  /** null: nobody is told. */
  readonly traces: TracesConfig | null;
  readonly projectIdFormat: IdFormat;
  readonly layouts: readonly LayoutConfig[];
  readonly webhooks: readonly WebhookConfig[];
  /** Webhooks may go to addresses that are not public, and over http. */
  readonly webhooksAllowPrivate: boolean;
  readonly cdn: CdnConfig | null;
  /** What is not listed has its default. */
  readonly sources: Readonly<Partial<Record<SettingName | FileKey, Provenance>>>;
}

/** Names and values, as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Values of flags, by the name of the environment with the same meaning (see `flagOf`). */
export type Overrides = Readonly<Partial<Record<SettingName, string>>>;

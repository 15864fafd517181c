import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { temporaryPath } from "../support/temporary.ts";
import { isExpungeError } from "../../src/core/errors.ts";
import { type Config, type ConfigOptions, loadConfig } from "../../src/config.ts";

/** A directory without a config file. */
export const NOWHERE = join(tmpdir(), "expunge-no-such-directory");

export function load(
  env: Readonly<Record<string, string>> = {},
  more: Omit<ConfigOptions, "env"> = {},
): Promise<Config> {
  return loadConfig({ env, cwd: NOWHERE, ...more });
}

/** What loading refuses, problem by problem; fails where it does not refuse. */
export async function problemsOf(
  env: Readonly<Record<string, string>>,
  more: Omit<ConfigOptions, "env"> = {},
): Promise<readonly string[]> {
  try {
    await load(env, more);
  } catch (error) {
    if (!isExpungeError(error, "invalid-config")) throw error;
    const { problems } = error.details;
    return Array.isArray(problems) ? problems.map(String) : [];
  }
  throw new Error("this configuration was accepted");
}

/** A new directory with a config file. */
export async function directoryWith(name: string, content: unknown): Promise<string> {
  const directory = temporaryPath("config");
  const text = typeof content === "string" ? content : JSON.stringify(content);
  await writeFile(join(directory, name), text);
  return directory;
}

/** The four names that are enough for R2. */
export const R2 = {
  R2_ACCOUNT_ID: "0123456789abcdef0123456789abcdef",
  R2_ACCESS_KEY_ID: "AKIDEXAMPLE123456789",
  R2_SECRET_ACCESS_KEY: "r2-hunter2",
  R2_BUCKET_NAME: "media",
} as const;

/** Of the form that Standard Webhooks has. */
export const WEBHOOK_SECRET = `whsec_${Buffer.from("webhook-hunter2 webhook-hunter2").toString("base64")}`;

/** What a process finds on a developer's machine, in CI and in a container. */
export const REALISTIC_ENV = {
  PATH: "/usr/local/bin:/usr/bin:/bin",
  HOME: "/root",
  LANG: "C.UTF-8",
  PWD: "/app",
  SHLVL: "1",
  TERM: "xterm-256color",
  USER: "root",
  NODE_ENV: "production",
  NODE_OPTIONS: "--enable-source-maps",
  HOSTNAME: "web-1",
  HOST: "0.0.0.0",
  PORT: "8080",
  CI: "true",
  GITHUB_TOKEN: "ghs_x",
  npm_package_name: "expunge",
  npm_config_registry: "https://registry.npmjs.org/",
  npm_lifecycle_event: "start",
  KUBERNETES_SERVICE_HOST: "10.0.0.1",
  AWS_ACCESS_KEY_ID: "AKIA",
  AWS_SECRET_ACCESS_KEY: "aws-secret",
  AWS_SESSION_TOKEN: "aws-session",
  AWS_REGION: "eu-west-1",
  AWS_ENDPOINT_URL: "https://s3.example.org",
  CF_ACCOUNT_ID: "cf",
  CLOUDFLARE_ACCOUNT_ID: "cf",
  CLOUDFLARE_API_TOKEN: "cf",
  S3_ENDPOINT: "https://s3.example.org",
  S3_BUCKET_NAME: "other",
  S3_ACCESS_KEY_ID: "s3",
  S3_SECRET_ACCESS_KEY: "s3",
  B2_BUCKET_NAME: "other",
  B2_ACCOUNT_ID: "b2",
  GCS_BUCKET_NAME: "other",
  DO_ACCESS_KEY_ID: "do",
  MY_ENDPOINT: "https://example.org",
  R2D2: "a droid",
  R2_PUBLIC_URL: "https://files.example.org",
  PGPASSWORD: "pg-secret",
  REDIS_URL: "redis://localhost",
  JWT_SECRET: "other",
  ADMIN_TOKEN: "other",
} as const;

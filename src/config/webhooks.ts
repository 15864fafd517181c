import { LIMITS } from "../core/limits.ts";
import { WEBHOOK_EVENT_TYPES } from "../core/webhooks.ts";
import type { ConfigFile, LoadedFile } from "./file.ts";
import type { SettingReader } from "./reader.ts";
import type { Environment, WebhookConfig } from "./types.ts";

type Given = NonNullable<ConfigFile["webhooks"]>[number];

/** The endpoints of the config file with their secrets, wherever these stand. */
export function readWebhooks(
  reader: SettingReader,
  file: LoadedFile | null,
  env: Environment,
  allowPrivate: boolean,
): readonly WebhookConfig[] {
  const seen = new Set<string>();
  return (file?.values.webhooks ?? []).map((given, at) => {
    const refuse = (key: string, why: string): void =>
      reader.problems.add(`webhooks[${at}].${key} in ${file?.path ?? ""} ${why}`);
    if (seen.has(given.url)) refuse("url", "is there twice; name all its events in one entry.");
    seen.add(given.url);
    if (!allowPrivate && !given.url.startsWith("https:")) {
      refuse("url", "is not https; write https://, or set EXPUNGE_WEBHOOKS_ALLOW_PRIVATE=true.");
    }
    const { username, password } = new URL(given.url);
    if (username !== "" || password !== "") {
      refuse("url", "holds a user name or a password; the signature tells who sends.");
    }
    const secret = secretOf(given, env, refuse);
    return { url: given.url, secret, events: given.events ?? WEBHOOK_EVENT_TYPES };
  });
}

function secretOf(
  { secret }: Given,
  env: Environment,
  refuse: (key: string, why: string) => void,
): string {
  const text = typeof secret === "string" ? secret : (env[secret.env]?.trim() ?? "");
  if (typeof secret !== "string" && text === "") {
    refuse("secret", `names the variable '${secret.env}', which is not set.`);
    return "";
  }
  const bytes = bytesOf(text.replace(/^whsec_/, ""));
  const { webhookSecretBytesMin: min, webhookSecretBytesMax: max } = LIMITS;
  if (bytes === null || bytes < min || bytes > max) {
    const make = `"whsec_$(openssl rand -base64 32)"`;
    refuse("secret", `must be 'whsec_' and ${min} to ${max} bytes in base64: ${make}.`);
  }
  return text;
}

function bytesOf(text: string): number | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null;
  return Buffer.from(text, "base64").length;
}

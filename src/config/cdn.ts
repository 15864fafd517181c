import type { LoadedFile } from "./file.ts";
import type { SettingReader } from "./reader.ts";
import type { CdnConfig, StoreConfig } from "./types.ts";

const CLOUDFLARE = "https://api.cloudflare.com/client/v4";
const TOKEN = "EXPUNGE_CDN_API_TOKEN";

/**
 * The CDN of the config file with its token, which only the environment can give. Null where there is
 * none, or something is wrong, which is said then.
 */
export function readCdn(
  reader: SettingReader,
  file: LoadedFile | null,
  store: StoreConfig,
): CdnConfig | null {
  const given = file?.values.cdn;
  const apiToken = reader.text(TOKEN);
  if (given === undefined) {
    if (apiToken !== null)
      reader.refuse(TOKEN, "is set, but the config file has no 'cdn' to use it.");
    return null;
  }
  const refuse = (key: string, why: string): void =>
    reader.problems.add(`cdn.${key} in ${file?.path ?? ""} ${why}`);
  const domain = given.domain ?? (store.kind === "s3" ? store.publicDomain : undefined);
  if (domain === undefined) {
    refuse(
      "domain",
      "is missing; write the domain on which the bucket is public, or R2_PUBLIC_DOMAIN.",
    );
  }
  const endpoint = endpointOf(given.endpoint ?? CLOUDFLARE, (why) => refuse("endpoint", why));
  if (apiToken === null) {
    reader.problems.add(
      `${TOKEN} is missing: a token with the permission 'Cache Purge' for the zone.`,
    );
  } else if (!/^[\x21-\x7e]+$/.test(apiToken)) {
    reader.refuse(TOKEN, "holds a space or a character that no header can carry.");
  }
  if (domain === undefined || apiToken === null) return null;
  const { kind, zone, mode = "prefix" } = given;
  return { kind, zone, apiToken, mode, domain: domain.toLowerCase(), endpoint };
}

/** The token goes there, so it goes nowhere in clear text but to this machine itself. */
function endpointOf(text: string, refuse: (why: string) => void): string {
  const url = new URL(text);
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol !== "https:" && !isLocal)
    refuse("is not https; the token would be sent in clear.");
  if (url.username !== "" || url.password !== "") refuse("holds a user name or a password.");
  if (/[?#]/.test(text)) refuse("has a query or a fragment; paths are put behind it.");
  return text.replace(/\/+$/, "");
}

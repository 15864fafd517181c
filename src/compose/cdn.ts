import { CloudflareCdn } from "../adapters/cloudflare-cdn.ts";
import type { Config } from "../config.ts";
import type { Cdn } from "../ports/cdn.ts";
import { VERSION } from "../version.ts";

/** The CDN of the configuration, null where none is named. It is not asked anything yet. */
export function openCdn({ cdn, store }: Pick<Config, "cdn" | "store">): Cdn | null {
  if (cdn === null) return null;
  const { zone, apiToken, mode, domain, endpoint } = cdn;
  const keyPrefix = store.kind === "s3" ? store.prefix : "";
  const address = { domain, keyPrefix };
  return new CloudflareCdn({
    zone,
    apiToken,
    mode,
    address,
    endpoint,
    userAgent: `expunge/${VERSION}`,
  });
}

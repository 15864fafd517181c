import { CloudflareCdn } from "../adapters/cloudflare-cdn.ts";
import { JoinedCdn } from "../adapters/joined-cdn.ts";
import type { Config } from "../config.ts";
import type { Cdn } from "../ports/cdn.ts";
import { VERSION } from "../version.ts";
import { systemClock } from "./system.ts";

/** The CDN of the configuration, null where none is named. It is not asked anything yet. */
export function openCdn({ cdn, store }: Pick<Config, "cdn" | "store">): Cdn | null {
  if (cdn === null) return null;
  const { zone, apiToken, mode, domain, endpoint } = cdn;
  const keyPrefix = store.kind === "s3" ? store.prefix : "";
  const address = { domain, keyPrefix };
  const userAgent = `expunge/${VERSION}`;
  const cloudflare = new CloudflareCdn({ zone, apiToken, mode, address, endpoint, userAgent });
  return new JoinedCdn(cloudflare, systemClock);
}

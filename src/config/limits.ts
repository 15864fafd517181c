import { isIP, isIPv4 } from "node:net";
import { DURATION_MAX_MS } from "../core/duration.ts";
import type { SettingReader } from "./reader.ts";
import { shown } from "./redact.ts";
import type { Config } from "./types.ts";

export const LIMIT_DEFAULTS = {
  requestsPerMinute: 6000,
  addressRequestsPerMinute: 6000,
  authFailuresPerMinute: 60,
  deletionsPerHour: 100,
} as const;

type LimitSettings = Pick<Config, "limits" | "deletionsPerHour" | "minGraceMs" | "trustedProxies">;

/** What holds back a token that went astray. */
export function readLimits(reader: SettingReader): LimitSettings {
  const { requestsPerMinute, addressRequestsPerMinute, authFailuresPerMinute, deletionsPerHour } =
    LIMIT_DEFAULTS;
  return {
    limits: {
      requestsPerMinute: reader.countOrOff("EXPUNGE_RATE_LIMIT", requestsPerMinute),
      addressRequestsPerMinute: reader.countOrOff(
        "EXPUNGE_ADDRESS_RATE_LIMIT",
        addressRequestsPerMinute,
      ),
      authFailuresPerMinute: reader.countOrOff("EXPUNGE_AUTH_FAILURE_LIMIT", authFailuresPerMinute),
    },
    deletionsPerHour: reader.countOrOff("EXPUNGE_DELETION_LIMIT", deletionsPerHour),
    minGraceMs: reader.duration("EXPUNGE_MIN_GRACE", 0, { minMs: 0, maxMs: DURATION_MAX_MS }),
    trustedProxies: readProxies(reader),
  };
}

function readProxies(reader: SettingReader): readonly string[] {
  const name = "EXPUNGE_TRUSTED_PROXIES";
  const proxies = (reader.text(name) ?? "").split(",").map((each) => each.trim());
  const given = proxies.filter((each) => each !== "");
  const wrong = given.find((each) => !isNetwork(each));
  if (wrong === undefined) return given;
  reader.refuse(name, `has ${shown(wrong)}; write addresses and networks such as '10.0.0.0/8'.`);
  return [];
}

function isNetwork(text: string): boolean {
  const [address = "", bits, more] = text.split("/");
  if (more !== undefined || isIP(address) === 0) return false;
  if (bits === undefined) return true;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (isIPv4(address) ? 32 : 128);
}

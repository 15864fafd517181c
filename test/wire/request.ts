import type { IncomingMessage } from "node:http";
import { WireError } from "./errors.ts";

/** A request as it came, before anything is believed of it. */
export interface WireRequest {
  readonly method: string;
  /** As sent: neither decoded nor normalised. */
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly query: ReadonlyMap<string, string>;
  /** By name in small letters; several of one name are joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  readonly bucket: string | null;
  readonly key: string | null;
}

/** @throws WireError `InvalidURI` where it is not percent-encoded UTF-8 */
export function percentDecode(text: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== "%") {
      bytes.push(...Buffer.from(text[at] ?? "", "latin1"));
      continue;
    }
    const hex = text.slice(at + 1, at + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(hex)) throw new WireError("InvalidURI");
    bytes.push(Number.parseInt(hex, 16));
    at += 2;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.from(bytes),
    );
  } catch {
    throw new WireError("InvalidURI");
  }
}

/** Names and values in the order sent, decoded; a plus is a space, as in forms. */
export function queryPairs(rawQuery: string): readonly (readonly [string, string])[] {
  if (rawQuery === "") return [];
  return rawQuery.split("&").map((pair) => {
    const split = pair.indexOf("=");
    const [name, value] = split < 0 ? [pair, ""] : [pair.slice(0, split), pair.slice(split + 1)];
    const decode = (text: string): string => percentDecode(text.replaceAll("+", "%20"));
    return [decode(name), decode(value)] as const;
  });
}

export function headersOf(message: IncomingMessage): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    headers.set(name, (values ?? []).join(","));
  }
  return headers;
}

/** Names below which a host's first label is a bucket (virtual-host style). */
const BASE_HOSTS = ["localhost", "127.0.0.1", "s3.test"];

function bucketOfHost(host: string): string | null {
  const name = host.replace(/:\d+$/, "");
  for (const base of BASE_HOSTS) {
    if (name.endsWith(`.${base}`)) return name.slice(0, -base.length - 1);
  }
  return null;
}

/** Bucket and key of a path: `/bucket/key`, or `/key` where the host names the bucket. */
function targetOf(rawPath: string, host: string): { bucket: string | null; key: string | null } {
  const hostBucket = bucketOfHost(host);
  if (hostBucket !== null) {
    return { bucket: hostBucket, key: rawPath === "/" ? null : percentDecode(rawPath.slice(1)) };
  }
  const slash = rawPath.indexOf("/", 1);
  const bucket = slash < 0 ? rawPath.slice(1) : rawPath.slice(1, slash);
  const key = slash < 0 ? "" : rawPath.slice(slash + 1);
  return {
    bucket: bucket === "" ? null : percentDecode(bucket),
    key: key === "" ? null : percentDecode(key),
  };
}

/** @throws WireError `InvalidURI` */
export function readRequest(message: IncomingMessage): WireRequest {
  const url = message.url ?? "";
  if (!url.startsWith("/")) throw new WireError("InvalidURI");
  const mark = url.indexOf("?");
  const rawPath = mark < 0 ? url : url.slice(0, mark);
  const rawQuery = mark < 0 ? "" : url.slice(mark + 1);
  const headers = headersOf(message);
  return {
    method: message.method ?? "",
    rawPath,
    rawQuery,
    query: new Map(queryPairs(rawQuery)),
    headers,
    ...targetOf(rawPath, headers.get("host") ?? ""),
  };
}

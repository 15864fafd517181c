import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import {
  canonicalRequest,
  scopeText,
  sha256Hex,
  signatureOf,
  stringToSign,
} from "../../wire/signature.ts";
import type { S3Keys } from "../ceph.ts";

/** A request that was read to its end, to be sent on as it is or changed. */
export interface HeldRequest {
  readonly method: string;
  readonly rawPath: string;
  readonly rawQuery: string;
  /** By name in small letters. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** Whose signature a changed request gets. */
export interface Signer extends S3Keys {
  readonly region: string;
}

/** Of one connection and not of the request (RFC 9110, section 7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** What is passed on of a message's headers, by name in small letters. */
export function headersToPass(message: IncomingMessage): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [name, values = []] of Object.entries(message.headersDistinct)) {
    if (!HOP_BY_HOP.has(name)) headers.set(name, values.join(","));
  }
  return headers;
}

/** Whole requests have their length in place of chunks. */
export function held(message: IncomingMessage, body: Uint8Array): HeldRequest {
  const url = message.url ?? "/";
  const mark = url.indexOf("?");
  const headers = headersToPass(message);
  if (message.headers["transfer-encoding"] !== undefined) {
    headers.set("content-length", String(body.length));
  }
  return {
    method: message.method ?? "GET",
    rawPath: mark < 0 ? url : url.slice(0, mark),
    rawQuery: mark < 0 ? "" : url.slice(mark + 1),
    headers,
    body,
  };
}

/** Headers of a signature or a digest that a change makes wrong. */
const STALE =
  /^(?:authorization|content-md5|x-amz-(?:date|content-sha256|checksum-.*|sdk-checksum-.*))$/;

/** The request with a body, a query or headers of its own, signed anew. */
export function changed(
  request: HeldRequest,
  change: Partial<Pick<HeldRequest, "body" | "rawQuery" | "headers">>,
  signer: Signer,
  nowMs: number,
): HeldRequest {
  const { method, rawPath, rawQuery, body } = { ...request, ...change };
  const headers = new Map(
    [...(change.headers ?? request.headers)].filter(([name]) => !STALE.test(name)),
  );
  const amzDate = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "");
  headers.set("x-amz-date", amzDate);
  headers.set("x-amz-content-sha256", sha256Hex(body));
  if (change.body !== undefined) {
    headers.set("content-length", String(body.length));
    headers.set("content-md5", createHash("md5").update(body).digest("base64"));
  }
  const names = [...headers.keys()]
    .filter((name) => name === "host" || name === "content-md5" || name.startsWith("x-amz-"))
    .sort();
  const scope = { date: amzDate.slice(0, 8), region: signer.region };
  const canonical = canonicalRequest(
    { method, rawPath, rawQuery, headers },
    names,
    sha256Hex(body),
  );
  const signature = signatureOf(
    signer.secretAccessKey,
    scope,
    stringToSign(amzDate, scope, canonical),
  );
  const credential = `${signer.accessKeyId}/${scopeText(scope)}`;
  headers.set(
    "authorization",
    `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(";")}, Signature=${signature}`,
  );
  return { method, rawPath, rawQuery, headers, body };
}

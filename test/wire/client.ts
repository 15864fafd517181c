import { request as httpRequest } from "node:http";
import type { S3ClientConfig } from "@aws-sdk/client-s3";
import {
  canonicalRequest,
  type Credentials,
  scopeText,
  sha256Hex,
  signatureOf,
  stringToSign,
} from "./signature.ts";
import type { WireServer } from "./server.ts";

/** Settings of the SDK's client for a server, as the adapter has them: one attempt, no trailers. */
export function sdkConfig(server: WireServer): S3ClientConfig {
  return {
    endpoint: server.endpoint,
    region: server.region,
    credentials: server.credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  };
}

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly credentials?: Credentials;
  readonly region?: string;
  readonly at?: number;
  /** Sent, but not signed. */
  readonly unsigned?: Readonly<Record<string, string>>;
  /** How the body is framed: without its length, or broken off before the length that is announced. */
  readonly framing?: "chunked" | "broken-off";
  /** The payload hash that is signed, if not that of the body; null leaves it out. */
  readonly payloadHash?: string | null;
}

export interface RawReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The code of an error document. */
  readonly code: string | undefined;
}

/** Signs and sends a request exactly as it is written: for what no client library would send. */
export async function sendRaw(server: WireServer, raw: RawRequest): Promise<RawReply> {
  const { method, path, query = "", region = server.region } = raw;
  const { accessKeyId, secretAccessKey } = raw.credentials ?? server.credentials;
  const body = Buffer.from(raw.body ?? "");
  const iso = new Date(raw.at ?? Date.now()).toISOString();
  const amzDate = iso.replace(/[-:]|\.\d+/g, "");
  const payloadHash = raw.payloadHash === undefined ? sha256Hex(body) : raw.payloadHash;
  const headers: Record<string, string> = {
    host: `127.0.0.1:${server.port}`,
    "x-amz-date": amzDate,
    ...(payloadHash === null ? {} : { "x-amz-content-sha256": payloadHash }),
    ...raw.headers,
  };
  const names = Object.keys(headers).sort();
  const scope = { date: amzDate.slice(0, 8), region };
  const signable = {
    method,
    rawPath: path,
    rawQuery: query,
    headers: new Map(Object.entries(headers)),
  };
  const canonical = canonicalRequest(signable, names, payloadHash ?? "");
  const signature = signatureOf(secretAccessKey, scope, stringToSign(amzDate, scope, canonical));
  const credential = `Credential=${accessKeyId}/${scopeText(scope)}`;
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return await send(server, raw, { ...headers, ...raw.unsigned, authorization }, body);
}

async function send(
  server: WireServer,
  { method, path, query = "", framing }: RawRequest,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): Promise<RawReply> {
  const announced = String(body.length + (framing === "broken-off" ? 1 : 0));
  const length: Record<string, string> =
    framing === "chunked" ? { "transfer-encoding": "chunked" } : { "content-length": announced };
  return await new Promise((resolve, reject) => {
    const target = query === "" ? path : `${path}?${query}`;
    const request = httpRequest({
      host: "127.0.0.1",
      port: server.port,
      method,
      path: target,
      headers: { ...headers, ...length },
      agent: false,
    });
    request.on("error", reject);
    request.on("response", (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(pieces).toString();
        const code = /<Code>(\w+)<\/Code>/.exec(text)?.[1];
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, code });
      });
    });
    if (framing === "broken-off") request.write(body, () => request.destroy());
    else request.end(body);
  });
}

import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { crc32 } from "node:zlib";
import { WireError } from "./errors.ts";
import type { WireRequest } from "./request.ts";
import { sha256Hex, UNSIGNED, UNSIGNED_TRAILER } from "./signature.ts";

/** The largest body that is taken into memory: tests send parts of a few MiB. */
const BODY_BYTES_MAX = 256 * 1024 * 1024;

/** A request's body with its framing taken off, and what its trailer said. */
export interface WireBody {
  readonly bytes: Uint8Array;
  readonly trailer: ReadonlyMap<string, string>;
}

/** @throws Error where the client goes away before the end */
export async function readBody(message: IncomingMessage): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of message as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > BODY_BYTES_MAX) throw new WireError("EntityTooLarge");
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/**
 * The body that was meant, held against the hash that was signed.
 * @throws WireError `XAmzContentSHA256Mismatch`, `IncompleteBody`
 */
export function openBody(
  request: WireRequest,
  sent: Uint8Array,
  payloadHash: string,
  takesTrailers: boolean,
): WireBody {
  if (payloadHash === UNSIGNED) return { bytes: sent, trailer: new Map() };
  if (payloadHash === UNSIGNED_TRAILER) {
    // Ceph answers a request whose true length is not in Content-Length with 411.
    if (!takesTrailers) throw new WireError("MissingContentLength");
    return unframe(request, sent);
  }
  if (!/^[0-9a-f]{64}$/.test(payloadHash)) throw new WireError("NotImplemented");
  if (sha256Hex(sent) !== payloadHash) throw new WireError("XAmzContentSHA256Mismatch");
  return { bytes: sent, trailer: new Map() };
}

/** Takes off `aws-chunked`: chunks with their length before them, then header lines. */
function unframe(request: WireRequest, sent: Uint8Array): WireBody {
  const framed = Buffer.from(sent.buffer, sent.byteOffset, sent.length);
  const pieces: Buffer[] = [];
  let at = 0;
  const line = (): string => {
    const end = framed.indexOf("\r\n", at);
    if (end < 0) throw new WireError("IncompleteBody");
    const text = framed.subarray(at, end).toString("latin1");
    at = end + 2;
    return text;
  };
  for (;;) {
    const size = line();
    if (!/^[0-9a-fA-F]+$/.test(size)) throw new WireError("IncompleteBody");
    const length = Number.parseInt(size, 16);
    if (length === 0) break;
    pieces.push(framed.subarray(at, at + length));
    at += length;
    if (line() !== "") throw new WireError("IncompleteBody");
  }
  const trailer = new Map<string, string>();
  for (let text = line(); text !== ""; text = line()) {
    const colon = text.indexOf(":");
    trailer.set(text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim());
  }
  const bytes = Buffer.concat(pieces);
  if (String(bytes.length) !== request.headers.get("x-amz-decoded-content-length")) {
    throw new WireError("IncompleteBody");
  }
  return { bytes, trailer };
}

const CHECKSUM = "x-amz-checksum-";

const DIGESTS: Readonly<Record<string, (bytes: Uint8Array) => Buffer>> = {
  crc32: (bytes) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(bytes));
    return sum;
  },
  sha1: (bytes) => createHash("sha1").update(bytes).digest(),
  sha256: (bytes) => createHash("sha256").update(bytes).digest(),
};

/**
 * Verifies `Content-MD5` and `x-amz-checksum-*`, from the header or the trailer; answers which there
 * were.
 * @throws WireError `BadDigest`, `InvalidDigest`, `NotImplemented` for a checksum it cannot compute
 */
export function checkDigests(request: WireRequest, body: WireBody): readonly string[] {
  const found: string[] = [];
  const md5 = request.headers.get("content-md5");
  if (md5 !== undefined) {
    if (Buffer.from(md5, "base64").length !== 16) throw new WireError("InvalidDigest");
    const actual = createHash("md5").update(body.bytes).digest("base64");
    if (actual !== md5) throw new WireError("BadDigest");
    found.push("md5");
  }
  for (const [name, value] of [...request.headers, ...body.trailer]) {
    if (
      !name.startsWith(CHECKSUM) ||
      ["type", "algorithm", "mode"].includes(name.slice(CHECKSUM.length))
    ) {
      continue;
    }
    const algorithm = name.slice(CHECKSUM.length);
    const digest = DIGESTS[algorithm];
    if (!digest) throw new WireError("NotImplemented");
    const actual = digest(body.bytes);
    if (Buffer.from(value, "base64").length !== actual.length) {
      throw new WireError("InvalidRequest", `Value for ${name} header is invalid.`);
    }
    if (actual.toString("base64") !== value) throw new WireError("BadDigest");
    found.push(algorithm);
  }
  return found;
}

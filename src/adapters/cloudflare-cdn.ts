import { isCdnUrl, type CdnAddress, type CdnErrorCode, type CdnMode } from "../core/cdn.ts";
import { LIMITS } from "../core/limits.ts";
import type { StoreErrorClass } from "../core/store-errors.ts";
import type { Cdn, CdnAnswer } from "../ports/cdn.ts";

export interface CloudflareOptions {
  readonly zone: string;
  readonly apiToken: string;
  readonly mode: CdnMode;
  readonly address: CdnAddress;
  /** Without a final `/`. */
  readonly endpoint: string;
  readonly userAgent: string;
  readonly timeoutMs?: number;
}

/**
 * Cloudflare's cache purge (`POST /zones/{zone}/purge_cache`). Redirects are not followed, so the token
 * goes to nobody but the endpoint that the configuration names.
 */
export class CloudflareCdn implements Cdn {
  readonly provider = "cloudflare";
  readonly address: CdnAddress;
  readonly mode: CdnMode;
  readonly #options: CloudflareOptions;

  constructor(options: CloudflareOptions) {
    this.#options = options;
    this.address = options.address;
    this.mode = options.mode;
  }

  async purge(targets: readonly string[], signal?: AbortSignal): Promise<CdnAnswer> {
    const timeout = AbortSignal.timeout(this.#options.timeoutMs ?? LIMITS.cdnTimeoutMs);
    try {
      return await this.#send(targets, signal ? AbortSignal.any([timeout, signal]) : timeout);
    } catch (error) {
      signal?.throwIfAborted();
      const why = timeout.aborted ? "did not answer in time" : `broke off: ${codeOf(error)}`;
      return failed("cdn-unavailable", "retryable", `the CDN's API ${why}`);
    }
  }

  async #send(targets: readonly string[], signal: AbortSignal): Promise<CdnAnswer> {
    const { endpoint, zone, apiToken, userAgent } = this.#options;
    const response = await fetch(`${endpoint}/zones/${zone}/purge_cache`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${apiToken}`,
        "content-type": "application/json",
        "user-agent": userAgent,
      },
      body: JSON.stringify(targets.every(isCdnUrl) ? { files: targets } : { prefixes: targets }),
      redirect: "manual",
      signal,
    });
    const reply = replyOf(await textOf(response));
    const { status } = response;
    if (status >= 200 && status < 300) {
      if (reply?.success === true) return { result: "accepted" };
      if (reply === null) {
        return failed("cdn-unreadable-reply", "unknown", "the reply is none of the CDN's API");
      }
    }
    return failureOf(status, reply, retryAfterMs(response.headers.get("retry-after")));
  }
}

interface Reply {
  readonly success: boolean;
  /** Cloudflare's own numbers; its words are left out, for they may repeat what was asked. */
  readonly codes: readonly number[];
}

/** What was read of the body, null where it is longer than any reply of the API. */
async function textOf(response: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (response.body === null) return "";
  const body: AsyncIterable<Uint8Array> = response.body;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > LIMITS.cdnReplyBytesMax) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function replyOf(text: string | null): Reply | null {
  let value: unknown;
  try {
    value = JSON.parse(text ?? "");
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !("success" in value)) return null;
  if (typeof value.success !== "boolean") return null;
  const errors: unknown[] = "errors" in value && Array.isArray(value.errors) ? value.errors : [];
  return { success: value.success, codes: errors.flatMap(numberOf) };
}

function numberOf(error: unknown): readonly number[] {
  if (typeof error !== "object" || error === null || !("code" in error)) return [];
  return Number.isSafeInteger(error.code) ? [error.code as number] : [];
}

/** Cloudflare: "Authentication error", and the two of a token that is no token. */
const DENIED = new Set([10000, 9109, 6003]);
/** Cloudflare: "Could not route to", an identifier that is none. */
const ZONE_UNKNOWN = new Set([7000, 7003]);

function failureOf(status: number, reply: Reply | null, retryAfter: number | null): CdnAnswer {
  const codes = reply?.codes ?? [];
  const numbers = codes.length === 0 ? "" : ` (${codes.join(", ")})`;
  const answered = `the CDN's API answered ${status}${numbers}`;
  if (status === 429) return failed("cdn-rate-limited", "retryable", answered, retryAfter);
  if (status >= 500 || status === 408) {
    return failed("cdn-unavailable", "retryable", answered, retryAfter);
  }
  const isDenied = status === 401 || status === 403 || codes.some((code) => DENIED.has(code));
  if (isDenied) return failed("cdn-denied", "blocked", `${answered}: the token is not accepted`);
  if (status === 404 || codes.some((code) => ZONE_UNKNOWN.has(code))) {
    return failed("cdn-zone-unknown", "blocked", answered);
  }
  if (reply === null || (status >= 300 && status < 400)) {
    return failed("cdn-unreadable-reply", "unknown", `${answered}, which is none of its replies`);
  }
  return failed("cdn-refused", "permanent", answered);
}

function failed(
  code: CdnErrorCode,
  errorClass: StoreErrorClass,
  message: string,
  retryAfter: number | null = null,
): CdnAnswer {
  return { result: "failed", failure: { code, errorClass, message, retryAfterMs: retryAfter } };
}

/** Seconds, as Cloudflare sends them. */
function retryAfterMs(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : null;
}

/** The system's name for what broke: words of errors may hold the address. */
function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : null;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") {
    return cause.code;
  }
  return "no reason is known";
}

import { ERRORS, type ErrorCode, type ErrorDetails, messageOf } from "../core/errors.ts";
import { SECOND_MS } from "../core/limits/units.ts";

interface Facts {
  readonly status?: number;
  readonly remedy?: string;
  readonly requestId?: string | null;
  readonly details?: ErrorDetails;
  readonly retryAfterMs?: number | null;
  readonly isPassing?: boolean;
  readonly cause?: unknown;
}

/**
 * Every failure of a call. Match on `code`, which is an API (docs/errors.md); `message` and `remedy` are
 * for people.
 */
export class ExpungeClientError extends Error {
  override readonly name = "ExpungeClientError" as const;
  /** The service's code, `service-unreachable` where nothing answered. A newer service may have others. */
  readonly code: string;
  /** The HTTP status of the answer, 0 where there was none. */
  readonly status: number;
  /** What to do about it. */
  readonly remedy: string;
  /** The id of the request in the service's log, where the service answered. */
  readonly requestId: string | null;
  /** The further members of the problem: facts of the code, such as `deletion` and `residue`. */
  readonly details: ErrorDetails;
  /** How long the service asked to wait before the next attempt, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** Whether the same call may succeed in a moment. */
  readonly isPassing: boolean;

  constructor(code: string, message: string, facts: Facts = {}) {
    super(message, facts.cause === undefined ? {} : { cause: facts.cause });
    this.code = code;
    this.status = facts.status ?? 0;
    this.remedy = facts.remedy ?? (isErrorCode(code) ? ERRORS[code] : "");
    this.requestId = facts.requestId ?? null;
    this.details = facts.details ?? {};
    this.retryAfterMs = facts.retryAfterMs ?? null;
    this.isPassing = facts.isPassing ?? false;
  }
}

/** Whether something thrown is a failed call, and with this code where one is given. */
export function isExpungeClientError(error: unknown, code?: string): error is ExpungeClientError {
  return error instanceof ExpungeClientError && (code === undefined || error.code === code);
}

/** The `invalid-request` of a call that would not even be sent. */
export function refusedCall(message: string): ExpungeClientError {
  return new ExpungeClientError("invalid-request", message);
}

export function unreachable(url: URL, error: unknown): ExpungeClientError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return new ExpungeClientError(
    "service-unreachable",
    `No service answers at ${url.origin}: ${messageOf(cause) || codeOf(cause)}.`,
    { details: { url: url.origin }, cause: error, isPassing: true },
  );
}

/** A connection that several addresses refused has no message of its own. */
function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

/** The problem (RFC 9457) that an answer is, or what is known where something else answered. */
export async function errorOf(
  response: Response,
  isWithoutToken: boolean,
): Promise<ExpungeClientError> {
  const problem = problemOf(await response.text());
  const code = problem?.get("code");
  const message = problem?.get("detail");
  if (problem === null || typeof code !== "string" || typeof message !== "string") {
    return strangeAnswer(response);
  }
  const details = Object.fromEntries([...problem].filter(([name]) => !STANDARD.has(name)));
  const remedy = problem.get("remedy");
  const retryAfterMs = retryAfterOf(response);
  return new ExpungeClientError(code, message, {
    status: response.status,
    ...(typeof remedy === "string" ? { remedy } : {}),
    requestId: response.headers.get("x-request-id"),
    details: isWithoutToken ? { ...details, withoutToken: true } : details,
    retryAfterMs,
    // The service names a time where trying again makes sense.
    isPassing: PASSING.has(response.status) && retryAfterMs !== null,
  });
}

const PASSING: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Members of every problem; the others are facts of its code. */
const STANDARD: ReadonlySet<string> = new Set(["type", "title", "detail", "code", "remedy"]);

function problemOf(text: string): ReadonlyMap<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    return new Map<string, unknown>(Object.entries(value));
  } catch {
    return null;
  }
}

/** `Retry-After` in seconds; the service sends no dates. */
function retryAfterOf(response: Response): number | null {
  const text = response.headers.get("retry-after") ?? "";
  return /^\d{1,9}$/.test(text) ? Number(text) * SECOND_MS : null;
}

/** Something between answered, or a service of another kind; its text is not repeated. */
export function strangeAnswer(response: Response, cause?: unknown): ExpungeClientError {
  const type = response.headers.get("content-type") ?? "no type";
  const isDown = PASSING.has(response.status);
  const where = response.url === "" ? "The service" : new URL(response.url).origin;
  return new ExpungeClientError(
    isDown ? "service-unreachable" : "internal",
    `${where} answered ${response.status} (${type}), which is no answer of expunge.`,
    {
      status: response.status,
      requestId: response.headers.get("x-request-id"),
      retryAfterMs: retryAfterOf(response),
      isPassing: isDown,
      cause,
    },
  );
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

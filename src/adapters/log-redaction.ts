import type { LogFields } from "../ports/log.ts";

const REDACTED = "(redacted)";

/** Names of fields whose text is never written. */
const SECRET_NAME =
  /authorization|cookie|token|secret|password|passwd|signature|api-?key|private-?key/i;

/** Names of the line itself; a field that has one would make two of it. */
const RESERVED: ReadonlySet<string> = new Set(["level", "time", "pid", "msg"]);

/** What lies deeper is cut, which also ends circles. */
const DEPTH_MAX = 6;

/**
 * The facts as they may be written: without the text of secrets, under whatever name or in whatever
 * depth, and with errors as data instead of the `{}` that JSON makes of them.
 */
export function redactFields(fields: LogFields): LogFields {
  const entries = Object.entries(fields).map(([name, value]): [string, unknown] => [
    RESERVED.has(name) ? `${name}_` : name,
    redact(value, SECRET_NAME.test(name), DEPTH_MAX),
  ]);
  return Object.fromEntries(entries);
}

function redact(value: unknown, isSecret: boolean, depth: number): unknown {
  if (typeof value === "string") return isSecret ? REDACTED : redactText(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return "(deeper)";
  if (value instanceof Error) return redactError(value, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof URL) return isSecret ? REDACTED : redactText(value.href);
  // Bytes are digests or contents; either way a list of numbers helps nobody.
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`;
  if (value instanceof Set) return redact([...(value as Set<unknown>)], isSecret, depth);
  if (value instanceof Map) return redact(Object.fromEntries(value), isSecret, depth);
  if (Array.isArray(value)) {
    return value.map((each: unknown) => redact(each, isSecret, depth - 1));
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, each]: [string, unknown]) => [
      name,
      redact(each, isSecret || SECRET_NAME.test(name), depth - 1),
    ]),
  );
}

/** What our own errors, Node's and the drivers' say; a driver's other fields quote values of rows. */
const ERROR_FIELDS = ["code", "errorClass", "details", "cause", "errors"] as const;

function redactError(error: Error, depth: number): LogFields {
  const more = ERROR_FIELDS.filter((name) => name in error).map((name): [string, unknown] => [
    name,
    redact(Reflect.get(error, name), false, depth - 1),
  ]);
  return {
    name: error.name,
    message: redactText(error.message),
    ...Object.fromEntries(more),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
  };
}

/** Secrets that stand inside other texts: bearer tokens, our own tokens, passwords and tags in URLs. */
function redactText(text: string): string {
  return text
    .replace(/\b(bearer|basic)\s+[\w~+/.=-]{8,}/gi, `$1 ${REDACTED}`)
    .replace(/\bxp_[a-z]+_[\w-]+/g, REDACTED)
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi, `$1:${REDACTED}@`)
    .replace(
      /([?&](?:x-amz-(?:signature|credential|security-token)|signature|sig|tag|token|secret|password)=)[^&\s#"']+/gi,
      `$1${REDACTED}`,
    );
}

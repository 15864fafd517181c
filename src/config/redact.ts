/** Stands where a secret would. It does not tell the length. */
export const REDACTED = "(redacted)";

const SECRET_PARAMETER = /pass|secret|token|key|sig|credential/i;

/** A URL without its password and without secrets in its query. What is no URL is not shown at all. */
export function redactUrl(text: string): string {
  if (!URL.canParse(text)) return REDACTED;
  const url = new URL(text);
  const names = new Set(url.searchParams.keys());
  const secrets = [...names].filter((name) => SECRET_PARAMETER.test(name));
  if (url.password === "" && secrets.length === 0) return text;
  if (url.password !== "") url.password = "***";
  for (const name of secrets) url.searchParams.set(name, "***");
  return url.href;
}

/** A value for a message: short, and without what looks like a password. */
export function shown(text: string): string {
  let value = text;
  if (text.includes("@") || text.includes("?")) {
    value = text.includes("://") ? redactUrl(text) : REDACTED;
  }
  return value.length > 100 ? `'${value.slice(0, 100)}...'` : `'${value}'`;
}

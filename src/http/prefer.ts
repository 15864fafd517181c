/** What a caller prefers about waiting (RFC 7240), and how it is told that this was applied. */
export interface WaitPreference {
  readonly waitMs: number;
  readonly applied: string;
}

/**
 * Reads `Prefer: wait=N` and `respond-async`. `wait` wins where both are given: wait so long, then
 * answer asynchronously (RFC 7240 section 4.1). Preferences that cannot be read are passed over.
 */
export function waitPreference(
  header: string | readonly string[] | undefined,
): WaitPreference | null {
  if (header === undefined) return null;
  const text = typeof header === "string" ? header : header.join(",");
  const preferences = text.split(",").map((part) => (part.split(";", 1)[0] ?? "").trim());
  for (const preference of preferences) {
    const seconds = /^wait\s*=\s*"?(\d{1,9})"?$/i.exec(preference)?.[1];
    if (seconds !== undefined) {
      return { waitMs: Number(seconds) * 1000, applied: `wait=${Number(seconds)}` };
    }
  }
  const isAsync = preferences.some((preference) => /^respond-async$/i.test(preference));
  return isAsync ? { waitMs: 0, applied: "respond-async" } : null;
}

/** Yours: who asks. Here a table of session cookies stands for it. */
export const sessions = new Map<string, string>();

export function userOf(request: Request): string | null {
  const cookie = request.headers.get("cookie") ?? "";
  return sessions.get(/(?:^|;\s*)session=([^;]*)/.exec(cookie)?.[1] ?? "") ?? null;
}

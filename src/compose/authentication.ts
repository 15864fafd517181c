import { createHash, timingSafeEqual } from "node:crypto";
import type { Caller } from "../core/caller.ts";
import type { Tokens } from "../services/tokens.ts";

const ADMIN: Caller = { subject: "admin", rights: new Set(["admin"]) };

/**
 * Who a bearer token stands for: the admin token, or an API token. Digests are compared, in constant
 * time whatever the lengths are.
 */
export function authenticator(
  adminToken: string,
  tokens: Tokens,
): (token: string) => Promise<Caller | null> {
  const wanted = digest(adminToken);
  return async (token) =>
    timingSafeEqual(digest(token), wanted) ? ADMIN : await tokens.authenticate(token);
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

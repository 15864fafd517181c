import { createHash, timingSafeEqual } from "node:crypto";
import { ADMIN, type Caller } from "../core/caller.ts";
import type { UserTokens } from "../ports/user-tokens.ts";
import type { Tokens } from "../services/tokens.ts";

export interface Authorities {
  readonly adminToken: string;
  readonly tokens: Tokens;
  /** Null where no issuer of users' tokens is configured. */
  readonly users: UserTokens | null;
}

/** Header, payload and signature of a JWS in its compact form. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/**
 * Who a bearer token stands for: the admin token, an API token, or a user's JWT. Of the admin token
 * digests are compared, in constant time whatever the lengths are.
 */
export function authenticator(authorities: Authorities): (token: string) => Promise<Caller | null> {
  const { adminToken, tokens, users } = authorities;
  const wanted = digest(adminToken);
  return async (token) => {
    if (timingSafeEqual(digest(token), wanted)) return ADMIN;
    if (users !== null && JWT.test(token)) return await users.authenticate(token);
    return await tokens.authenticate(token);
  };
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

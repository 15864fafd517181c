import type { Caller } from "../core/caller.ts";

/** Tokens that somebody else issues to users. */
export interface UserTokens {
  /**
   * Who the token stands for: its `sub` is the owner, its `scope` the rights. Null where it is none of
   * the issuer's for this service. Nothing is taken on trust while the issuer's keys cannot be had.
   * @throws ExpungeError `token-expired`, `keys-unavailable`, `forbidden`
   */
  authenticate(token: string): Promise<Caller | null>;
}

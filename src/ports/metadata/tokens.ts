import type { Right } from "../../core/caller.ts";
import type { ApiToken } from "../../core/credentials.ts";
import type { Instant } from "../../core/model.ts";

export interface NewToken {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly rights: readonly Right[];
  /** Of its secret, in hex: the secret itself is never stored. */
  readonly hash: string;
  /** Counted from the database's now; `expiresAt` wins where both are given. */
  readonly ttlMs: number | null;
  readonly expiresAt: Instant | null;
}

/** A token as a request meets it. */
export interface FoundToken {
  readonly token: ApiToken;
  readonly hash: string;
  /** The database's time when it was read: what the expiry is held against (R8). */
  readonly at: Instant;
}

export interface TokenQuery {
  readonly limit: number;
  /** The id of the last token of the page before. */
  readonly after?: string;
}

/** API tokens. Nothing here is cached, so that a revocation holds in every process at once. */
export interface TokenStore {
  createToken(token: NewToken): Promise<ApiToken>;
  /** Expired and revoked ones are found too. */
  findToken(id: string): Promise<FoundToken | null>;
  /** By id, which is by time of creation; expired and revoked ones too. */
  listTokens(query: TokenQuery): Promise<readonly ApiToken[]>;
  /** Idempotent: the first time stays. @throws ExpungeError `token-not-found` */
  revokeToken(id: string): Promise<ApiToken>;
  /** Notes a use now, unless one was noted within `everyMs`; nothing for an unknown id. */
  recordTokenUse(id: string, everyMs: number): Promise<void>;
}

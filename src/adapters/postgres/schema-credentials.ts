import type { ColumnType, Selectable } from "kysely";
import type { Right } from "../../core/caller.ts";
import type { Instant } from "../../core/model.ts";

/** Written as text, read as what it says. */
type Rights = ColumnType<readonly Right[], string, string>;

export interface TokensTable {
  id: string;
  name: string;
  owner: string;
  rights: Rights;
  /** SHA-256 of the secret, in hex. */
  hash: string;
  created_at: Instant;
  expires_at: Instant | null;
  revoked_at: Instant | null;
  last_used_at: Instant | null;
}

export interface SignInCodesTable {
  id: string;
  owner: string;
  rights: Rights;
  /** SHA-256 of the secret, in hex. */
  hash: string;
  expires_at: Instant;
}

export interface SessionsTable extends SignInCodesTable {
  created_at: Instant;
}

export type TokenRow = Selectable<TokensTable>;
export type SessionRow = Selectable<SessionsTable>;

import type { Right } from "../../core/caller.ts";
import type { Session } from "../../core/credentials.ts";
import type { Instant } from "../../core/model.ts";

/** A code by which somebody signs in, once. Of it and of a session's secret the hash alone is stored. */
export interface NewSignInCode {
  readonly id: string;
  readonly owner: string;
  readonly rights: readonly Right[];
  readonly hash: string;
  readonly ttlMs: number;
}

export interface NewSession {
  readonly id: string;
  readonly hash: string;
  readonly ttlMs: number;
}

/** A session as a request meets it. */
export interface FoundSession {
  readonly session: Session;
  readonly hash: string;
  /** The database's time when it was read: what the expiry is held against (R8). */
  readonly at: Instant;
}

/** Sessions of the console. Nothing here is cached, so that signing out holds everywhere at once. */
export interface SessionStore {
  /** Answers until when the code may be used. */
  createSignInCode(code: NewSignInCode): Promise<Instant>;
  /**
   * Takes the code away and makes the session of whom it is for, both or neither: of several who show
   * one code, one gets a session. Null where there is no such code, or not any more. Takes away what
   * has expired, too.
   */
  redeemSignInCode(id: string, hash: string, session: NewSession): Promise<Session | null>;
  /** Expired ones are found too, until they are taken away. */
  findSession(id: string): Promise<FoundSession | null>;
  /** Idempotent. */
  endSession(id: string): Promise<void>;
}

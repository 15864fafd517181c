import type { Instant } from "../../core/model.ts";

/** What a caller named a creation by, so that it happens once however often it is asked for. */
export interface IdempotencyKey {
  readonly subject: string;
  /** SHA-256 of what the caller wrote: nobody needs its words. */
  readonly keyHash: Uint8Array;
  /** SHA-256 of what was asked for: the same key for something else is refused. */
  readonly fingerprint: Uint8Array;
}

/** Written in the transaction that makes the thing, so that both are there or neither is. */
export interface NewIdempotent extends IdempotencyKey {
  /** A key that is older than this is free again. */
  readonly validForMs: number;
}

export interface Idempotent {
  readonly fingerprint: Uint8Array;
  readonly projectUid: string;
  /** Of what was made: a project's uid or an upload's id. */
  readonly resource: string;
  readonly createdAt: Instant;
}

export interface IdempotencyStore {
  /**
   * What the key made within `validForMs`; null when nothing, or when its project is deleted: the
   * record goes with it (R7).
   */
  findIdempotent(
    subject: string,
    keyHash: Uint8Array,
    validForMs: number,
  ): Promise<Idempotent | null>;
}

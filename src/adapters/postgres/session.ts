import { setTimeout as sleep } from "node:timers/promises";
import { type Kysely, type RawBuilder, sql } from "kysely";
import { DatabaseError } from "../../core/database-errors.ts";
import { ExpungeError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Instant } from "../../core/model.ts";
import type { Tables } from "./schema.ts";

/** What every operation works with: a transaction, or for single reads the database itself. */
export interface Session {
  readonly db: Kysely<Tables>;
  /** The database's time, as SQL. */
  readonly clock: RawBuilder<Instant>;
}

/**
 * Milliseconds since the epoch by the database's clock (R8), the only place that reads it.
 * `clock_timestamp()`, since `now()` stands still within a transaction, also while it waits for a lock.
 */
export const DATABASE_CLOCK: RawBuilder<Instant> = sql<Instant>`floor(extract(epoch from clock_timestamp()) * 1000)::bigint`;

export async function readNow({ db, clock }: Session): Promise<Instant> {
  const { rows } = await sql<{ now: Instant }>`select ${clock} as now`.execute(db);
  const [row] = rows;
  if (!row) throw new Error("the database did not tell its time");
  return row.now;
}

const SERIALIZATION_FAILURE = "40001";
const DEADLOCK_DETECTED = "40P01";
const BAD_CHARACTER = "22021";

/**
 * One transaction, from the start again where nothing of it happened: the database broke it off for the
 * sake of another one, or the connection broke before its COMMIT was sent. When the answer to a COMMIT
 * is lost, its effect is not known, and the error goes to the caller (`DatabaseError.effectUnknown`).
 * READ COMMITTED: the operations lock the rows they decide on, and read after the lock.
 */
export async function transact<T>(
  { db, clock }: Session,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return await repeatedly(() =>
    db
      .transaction()
      .setIsolationLevel("read committed")
      .execute(async (tx) => await work({ db: tx, clock })),
  );
}

/** Statements that only read, outside a transaction. */
export async function read<T>(
  session: Session,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return await repeatedly(() => work(session));
}

async function repeatedly<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (!didNothing(error)) throw translated(error);
      if (attempt >= LIMITS.transactionAttemptsMax) throw exhausted(error);
      await sleep(LIMITS.transactionRetryMs * attempt);
    }
  }
}

/** Whether the same call may simply be made again. */
function didNothing(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    return error.code === "connection-lost" && !error.effectUnknown;
  }
  return isBrokenOff(error);
}

function isBrokenOff(error: unknown): boolean {
  const code = sqlState(error);
  return code === SERIALIZATION_FAILURE || code === DEADLOCK_DETECTED;
}

function exhausted(cause: unknown): unknown {
  if (!isBrokenOff(cause)) return cause;
  const message = `${LIMITS.transactionAttemptsMax} attempts were broken off for other transactions.`;
  return new DatabaseError("contended", message, { cause });
}

/** The SQLSTATE of an error of either driver. */
export function sqlState(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

function translated(error: unknown): unknown {
  if (sqlState(error) !== BAD_CHARACTER) return error;
  return new ExpungeError("invalid-request", "A text holds a NUL, which cannot be stored.", {
    cause: error,
  });
}

/**
 * A cursor in a form that the database takes. Texts there hold no NUL, so what sorts after a text
 * with one is exactly what sorts after its part before the NUL.
 */
export function cursor(after: string): string {
  const [storable = ""] = after.split("\0", 1);
  return storable;
}

const SURROGATES_BEGIN = 0xd800;
const SURROGATES_END = 0xe000;
const CODE_POINT_MAX = 0x10_ffff;

/**
 * The first text that sorts after all that begin with the prefix, so that an index range ends with it;
 * null when there is none.
 */
export function prefixEnd(prefix: string): string | null {
  const points = Array.from(prefix, (char) => char.codePointAt(0) ?? 0);
  while (points.at(-1) === CODE_POINT_MAX) points.pop();
  const last = points.pop();
  if (last === undefined) return null;
  const next = last + 1 === SURROGATES_BEGIN ? SURROGATES_END : last + 1;
  return String.fromCodePoint(...points, next);
}

/** Hashes travel as hex: both drivers are slow at binary arrays. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

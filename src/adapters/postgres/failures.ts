import { DatabaseError as ServerError } from "pg";
import { DatabaseError } from "../../core/database-errors.ts";
import { type ErrorCode, ExpungeError, messageOf } from "../../core/errors.ts";

/** Where a database is, without the password. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

const QUERY_CANCELED = "57014";
const READ_ONLY = "25006";
const TOO_MANY_CONNECTIONS = "53300";
const STARTING_OR_STOPPING = "57P03";
const PRIVILEGE_MISSING = "42501";

/** Told by the driver, or by its pool, in words only. */
const READ_TIMEOUT = "Query read timeout";
const POOL_TIMEOUT = "timeout exceeded when trying to connect";
const NETWORK =
  /^(?:Connection terminated|Client has encountered a connection error|timeout expired)/;
const TLS_REFUSED = "The server does not support SSL connections";

/**
 * What a failed statement says of the database; null where it says something of the statement.
 * @param committing whether it was a COMMIT: where its answer is lost, its effect is not known
 */
export function databaseErrorOf(error: unknown, committing = false): DatabaseError | null {
  if (error instanceof DatabaseError) return error;
  if (error instanceof ServerError) return ofServer(error, committing);
  // What the driver cannot write or read is a defect of ours.
  const isDefect =
    error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
  if (!(error instanceof Error) || isDefect) return null;
  const effect = committing
    ? "whether the transaction took effect is not known"
    : "nothing was changed";
  const options = { effectUnknown: committing, cause: error };
  return error.message === READ_TIMEOUT
    ? new DatabaseError("timeout", `The database did not answer in time; ${effect}.`, options)
    : new DatabaseError(
        "connection-lost",
        `The connection to the database was lost (${error.message}); ${effect}.`,
        options,
      );
}

/**
 * The same of a failure of the job queue, which has connections of its own and is no part of a
 * transaction; null where the queue itself is what failed.
 */
export function queueErrorOf(error: unknown): DatabaseError | null {
  if (!(error instanceof Error)) return null;
  const isSystem = "syscall" in error || error instanceof AggregateError;
  const isSaid = [READ_TIMEOUT, POOL_TIMEOUT].includes(error.message);
  const isOfDatabase =
    error instanceof ServerError || isSystem || isSaid || NETWORK.test(error.message);
  return isOfDatabase ? databaseErrorOf(error, true) : null;
}

function ofServer(error: ServerError, committing: boolean): DatabaseError | null {
  const { code = "", message } = error;
  const cause = error;
  if (code === QUERY_CANCELED) {
    const text = "A statement took longer than it may and was broken off; nothing was changed.";
    return new DatabaseError("timeout", text, { cause });
  }
  if (code === READ_ONLY) {
    return new DatabaseError("read-only", "The database takes no writes at present.", { cause });
  }
  // It takes its leave; a COMMIT may have been carried out just before.
  if (error.severity === "FATAL" || error.severity === "PANIC" || code.startsWith("08")) {
    const effect = committing ? "; whether the transaction took effect is not known" : "";
    return new DatabaseError("connection-lost", `The database hung up (${message})${effect}.`, {
      effectUnknown: committing,
      cause,
    });
  }
  if (!code.startsWith("53")) return null;
  return new DatabaseError("out-of-resources", `The database is short of something: ${message}.`, {
    cause,
  });
}

/** Whether nothing more can be expected of the connection on which this was met. */
export function endsConnection({ code }: DatabaseError): boolean {
  // One that has become a standby stays one; the next connection may lead elsewhere.
  return code === "connection-lost" || code === "timeout" || code === "read-only";
}

/** Why no connection was had, in one sentence. */
interface Refusal {
  /** `invalid-config` where somebody must change something first. */
  readonly code: Extract<ErrorCode, "invalid-config" | "database-unavailable">;
  readonly message: string;
}

/** What failed while a connection was asked for, in a process that runs. */
export function connectingError(error: unknown, place: Place, waitMs: number): DatabaseError {
  if (messageOf(error) === POOL_TIMEOUT) {
    const message = `All connections to the database were in use for ${waitMs / 1000} s.`;
    return new DatabaseError("busy", message, { cause: error });
  }
  return new DatabaseError("unreachable", refusalOf(error, place).message, { cause: error });
}

/** The same at the start, when the configuration may be what is wrong. */
export function startError(error: unknown, place: Place): unknown {
  if (error instanceof ExpungeError) return error;
  const { code, message } = refusalOf(error, place);
  return new ExpungeError(code, message, { cause: error });
}

function refusalOf(error: unknown, place: Place): Refusal {
  const { host, port, database, user } = place;
  const server = `the database server ${host}:${port}`;
  if (error instanceof ServerError) return refusalByServer(error, place, server);
  const said = messageOf(error);
  if (said === TLS_REFUSED) {
    const message = `TLS is asked for, but ${server} does not offer it; change 'sslmode' in the URL.`;
    return { code: "invalid-config", message };
  }
  if (said.startsWith("SASL")) {
    const message = `User '${user}' needs another password than the URL of '${database}' has.`;
    return { code: "invalid-config", message };
  }
  const why = reasonOf(error);
  return {
    code: "database-unavailable",
    message: `${capital(server)} cannot be reached (${why}); start it, or correct the URL.`,
  };
}

function refusalByServer(error: ServerError, place: Place, server: string): Refusal {
  const { database, user } = place;
  const code = error.code ?? "";
  const config = (message: string): Refusal => ({ code: "invalid-config", message });
  if (code === "28P01") {
    return config(`${capital(server)} refuses the password of user '${user}'; correct the URL.`);
  }
  if (code.startsWith("28")) {
    return config(`${capital(server)} refuses user '${user}': ${error.message}.`);
  }
  if (code === "3D000") {
    return config(`There is no database '${database}' on ${server}; create it first.`);
  }
  if (code === PRIVILEGE_MISSING) {
    return config(
      `User '${user}' lacks a right to database '${database}' (${error.message}); grant it.`,
    );
  }
  const isFull = code === TOO_MANY_CONNECTIONS;
  const why =
    code === STARTING_OR_STOPPING ? "it starts or stops" : isFull ? "it is full" : error.message;
  return { code: "database-unavailable", message: `${capital(server)} lets nobody in: ${why}.` };
}

/** A name that leads to several addresses fails once for each of them. */
function reasonOf(error: unknown): string {
  const [first] = error instanceof AggregateError ? (error.errors as readonly unknown[]) : [error];
  const code = first instanceof Error && "code" in first ? first.code : null;
  if (code === "ECONNREFUSED") return "connection refused";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "its name is not known";
  return messageOf(first);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

import type { Readable, Writable } from "node:stream";
import type { Environment } from "../config.ts";

/** A stream that may be a terminal. */
export type Sink = Writable & { readonly isTTY?: boolean };

/** What a command has to do with the world outside: handed in, so that tests run commands in-process. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** Results only. */
  readonly stdout: Sink;
  /** Messages, progress and logs. */
  readonly stderr: Sink;
  readonly cwd: string;
  /** The environment of the process where absent. */
  readonly env?: Environment;
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly interrupt: AbortSignal;
}

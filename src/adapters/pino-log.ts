import { pino, type DestinationStream, type Logger } from "pino";
import { redactFields } from "./log-redaction.ts";
import type { Log, LogFields } from "../ports/log.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

const STDERR_FD = 2;

/** Writes each event as one line of JSON; lines of a deletion begin with its id. */
export class PinoLog implements Log {
  readonly #logger: Logger;
  readonly #bound: LogFields;

  constructor(logger: Logger, bound: LogFields = {}) {
    this.#logger = logger;
    this.#bound = bound;
  }

  debug(fields: LogFields, event: string): void {
    this.#write("debug", fields, event);
  }

  info(fields: LogFields, event: string): void {
    this.#write("info", fields, event);
  }

  warn(fields: LogFields, event: string): void {
    this.#write("warn", fields, event);
  }

  error(fields: LogFields, event: string): void {
    this.#write("error", fields, event);
  }

  child(fields: LogFields): Log {
    return new PinoLog(this.#logger, { ...this.#bound, ...fields });
  }

  #write(level: Exclude<LogLevel, "silent">, fields: LogFields, event: string): void {
    if (!this.#logger.isLevelEnabled(level)) return;
    const all = { ...this.#bound, ...fields };
    const deletion = all["deletion"];
    const prefix = typeof deletion === "string" ? `[${deletion}] ` : "";
    this.#logger[level](redactFields(all), `${prefix}${event}`);
  }
}

/** The log of a process: to standard error, so that standard output holds answers only. */
export function openLog(options: {
  readonly level: LogLevel;
  readonly stream?: DestinationStream;
}): Log {
  // Synchronous: the lines before a crash are the ones that matter.
  const stream = options.stream ?? pino.destination({ fd: STDERR_FD, sync: true });
  const settings = {
    level: options.level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: escapeControls },
  };
  return new PinoLog(pino(settings, stream));
}

/** What JSON leaves as it is and a terminal obeys, or takes for the end of a line: DEL, C1, U+2028. */
const CONTROLS = /[\u007f-\u009f\u2028\u2029]/g;

function escapeControls(line: string): string {
  return line.replaceAll(
    CONTROLS,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

import { type LogLevel, openLog } from "../../src/adapters/pino-log.ts";
import type { Log } from "../../src/ports/log.ts";

/** The real log, its lines kept instead of written. */
export function keptLog(level: LogLevel = "debug"): {
  readonly log: Log;
  readonly lines: readonly string[];
  /** All of them in one text. */
  readonly text: () => string;
  /** The lines as they are read back. */
  readonly events: () => Readonly<Record<string, unknown>>[];
} {
  const lines: string[] = [];
  const log = openLog({
    level,
    stream: {
      write(line: string) {
        lines.push(line);
      },
    },
  });
  return {
    log,
    lines,
    text: () => lines.join(""),
    events: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

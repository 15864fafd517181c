/** Facts of one event. Never a file path, a secret or a signed URL (R7). */
export type LogFields = Readonly<Record<string, unknown>>;

/** One line per event, as JSON. Lines of a deletion are written through `child({ deletion })`. */
export interface Log {
  debug(fields: LogFields, event: string): void;
  info(fields: LogFields, event: string): void;
  warn(fields: LogFields, event: string): void;
  error(fields: LogFields, event: string): void;
  child(fields: LogFields): Log;
}

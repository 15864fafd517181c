import { styleText } from "node:util";
import type { ExpungeError } from "../core/errors.ts";
import type { Io, Sink } from "./io.ts";

type Style = "bold" | "dim" | "red" | "green" | "yellow";

/**
 * What a command prints. With `--json` exactly one JSON document goes to standard output and nothing
 * else; without, text for people. Messages and progress always go to standard error.
 */
export class Output {
  readonly io: Io;
  readonly isJson: boolean;

  constructor(io: Io, isJson: boolean) {
    this.io = io;
    this.isJson = isJson;
  }

  /** The result of the command: the document, or the lines that say the same to a person. */
  async result(document: unknown, lines: () => readonly string[]): Promise<void> {
    const text = this.isJson
      ? `${JSON.stringify(document, null, 2)}\n`
      : lines()
          .map((line) => `${line}\n`)
          .join("");
    await write(this.io.stdout, text);
  }

  /** A line of a long result for people, as soon as it is known; nothing with `--json`. */
  async line(text: string): Promise<void> {
    if (!this.isJson) await write(this.io.stdout, `${text}\n`);
  }

  /** A message beside the result. */
  async note(text: string): Promise<void> {
    await write(this.io.stderr, `${text}\n`);
  }

  /** An error: its message, what to do about it, and its code; with `--json` as the one document. */
  async failure(error: ExpungeError): Promise<void> {
    if (this.isJson) {
      await write(this.io.stdout, `${JSON.stringify(errorDocument(error), null, 2)}\n`);
      return;
    }
    const label = (text: string): string => this.style("red", text, this.io.stderr);
    await this.note(`${label("error:")} ${error.message}`);
    await this.note(`what to do: ${error.remedy}`);
    await this.note(`code: ${error.code}`);
  }

  /**
   * Colours where the stream is a terminal; NO_COLOR takes them away, FORCE_COLOR gives them to a pipe
   * too, and an empty one of either says nothing.
   */
  style(style: Style, text: string, stream: Sink = this.io.stdout): string {
    const { env } = this.io;
    // Node heeds the two by itself, in the environment of the process.
    if (env === undefined) return styleText(style, text, { stream });
    const { NO_COLOR: no = "", FORCE_COLOR: force = "" } = env;
    const isWanted = force === "" ? no === "" && stream.isTTY === true : force !== "0";
    return isWanted ? styleText(style, text, { validateStream: false }) : text;
  }
}

export function errorDocument(error: ExpungeError): { readonly error: object } {
  const { code, message, remedy, details } = error;
  return { error: { ...details, code, message, remedy } };
}

/** Writes and waits until it is out. That the reader went away (`| head`) is no failure. */
export function write(stream: Sink, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error) => {
      if (!error || isBrokenPipe(error)) resolve();
      else reject(error);
    });
  });
}

export function isBrokenPipe(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED")
  );
}

/** Columns that line up; the first row is the head. Numbers, which come last, are right-aligned. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string[] {
  const cells = [head, ...rows].map((row) => row.map((cell) => printable(String(cell))));
  const widths = head.map((_, column) =>
    Math.max(...cells.map((row) => (row[column] ?? "").length)),
  );
  const isNumber = head.map(
    (_, column) => rows.every((row) => typeof row[column] === "number") && rows.length > 0,
  );
  return cells.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return isNumber[column] === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
}

/** Names come from users: a control character in one must not reach the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, "\uFFFD");
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const text = unit === 0 ? String(value) : value.toFixed(1);
  return `${text} ${UNITS[unit] ?? ""}`;
}

/** `1 object`, `2 objects`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}

import { type FileHandle, open, readFile } from "node:fs/promises";

/** What a client asks of the service. Contents are named by their SHA-256, in hexadecimal. */
export type Operation =
  | { readonly op: "create-project"; readonly project: string }
  | { readonly op: "put"; readonly project: string; readonly path: string; readonly sha256: string }
  | { readonly op: "read"; readonly project: string; readonly path: string }
  | { readonly op: "delete-file"; readonly project: string; readonly path: string }
  | {
      readonly op: "open-upload";
      readonly project: string;
      readonly path: string;
      readonly sizeBytes: number;
    }
  | {
      readonly op: "complete-upload";
      readonly project: string;
      readonly path: string;
      readonly sha256: string;
      readonly upload: string;
    }
  | {
      readonly op: "delete-project";
      readonly project: string;
      readonly graceMs: number;
      /** Whether the client waits for the end of the deletion. */
      readonly waits: boolean;
    }
  | { readonly op: "restore-project"; readonly project: string };

/**
 * `refused`: the service said that it does not do it. `unsent`: nobody took the connection. `unknown`:
 * it may have been done, or be done yet.
 */
export type OutcomeKind = "acknowledged" | "refused" | "unknown" | "unsent";

export interface Answer {
  readonly outcome: OutcomeKind;
  readonly status: number | null;
  /** The new project's uid; the new upload's id. */
  readonly id?: string;
  /** What a read answered; null where it said that there is no such file. */
  readonly content?: string | null;
}

/** What was put into the bucket past expunge; `project` is null for what belongs to none. */
export interface Planted {
  readonly planted: "object" | "upload";
  readonly project: string | null;
  readonly key: string;
  readonly sha256: string;
}

export type Sent = { readonly n: number; readonly run: string; readonly at: number } & Operation;
export type Answered = { readonly of: number; readonly run: string; readonly at: number } & Answer;
export type Event = Sent | Answered | ({ readonly run: string } & Planted);

/**
 * Every request before it is sent and every answer before anything is made of it, a line each: what
 * the checker holds against the bucket and the rows.
 */
export class History {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #byRun = new Map<string, Event[]>();
  #next = 1;
  /** Acknowledgements that were written down. */
  acknowledged = 0;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  static async open(path: string): Promise<History> {
    return new History(path, await open(path, "a"));
  }

  async sent(run: string, operation: Operation): Promise<number> {
    const n = this.#next++;
    await this.#write({ n, run, at: Date.now(), ...operation });
    return n;
  }

  async answered(run: string, of: number, answer: Answer): Promise<void> {
    await this.#write({ of, run, at: Date.now(), ...answer });
    if (answer.outcome === "acknowledged") this.acknowledged++;
  }

  async planted(run: string, planted: Planted): Promise<void> {
    await this.#write({ run, ...planted });
  }

  /** The events of one run so far. */
  of(run: string): readonly Event[] {
    return this.#byRun.get(run) ?? [];
  }

  /** What the other ones need no more; the file keeps it. */
  forget(run: string): void {
    this.#byRun.delete(run);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #write(event: Event): Promise<void> {
    const events = this.#byRun.get(event.run) ?? [];
    this.#byRun.set(event.run, events);
    events.push(event);
    await this.#file.write(`${JSON.stringify(event)}\n`);
  }
}

/** All events of a history as its file holds them. */
export async function readHistory(path: string): Promise<readonly Event[]> {
  const lines = (await readFile(path, "utf8")).split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Event);
}

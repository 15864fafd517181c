import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PassThrough, type Readable, Writable } from "node:stream";
import { afterAll } from "vitest";
import type { Io } from "../../src/cli/io.ts";
import { run } from "../../src/cli/program.ts";

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string | Uint8Array;
  readonly interrupt?: AbortSignal;
}

const ROOT = resolve(import.meta.dirname, "../..");
const temporary: string[] = [];
const children = new Set<Child>();

/** Removes what the tests of this file left; children first, since they write into the directories. */
afterAll(async () => {
  for (const child of children) await child.kill();
  for (const dir of temporary.splice(0)) await rm(dir, { recursive: true, force: true });
});

export async function temporaryDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "expunge-cli-"));
  temporary.push(dir);
  return dir;
}

/** What a stream was given, as text. */
class Collected extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}

export function ioOf(options: RunOptions = {}): Io & { stdout: Collected; stderr: Collected } {
  const stdin = new PassThrough();
  stdin.end(options.stdin ?? "");
  return {
    stdin,
    stdout: new Collected(),
    stderr: new Collected(),
    cwd: options.cwd ?? tmpdir(),
    env: options.env ?? {},
    interrupt: options.interrupt ?? new AbortController().signal,
  };
}

/** Runs a command line in this process. */
export async function expunge(argv: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const io = ioOf(options);
  const code = await run(argv, io);
  return { code, stdout: io.stdout.text, stderr: io.stderr.text };
}

/** A command line in a process of its own, as a user runs it from a checkout. */
export class Child {
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #ended: Promise<number>;
  #stdout = "";
  #stderr = "";

  constructor(argv: readonly string[], options: RunOptions = {}) {
    this.#process = spawn(process.execPath, [join(ROOT, "scripts/run.js"), ...argv], {
      cwd: options.cwd ?? tmpdir(),
      // Nothing of the surrounding environment: its settings are not the tests'.
      env: { PATH: "", ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#process.stdin.end(options.stdin ?? "");
    this.#process.stdout.on("data", (chunk: Buffer) => {
      this.#stdout += chunk.toString("utf8");
    });
    this.#process.stderr.on("data", (chunk: Buffer) => {
      this.#stderr += chunk.toString("utf8");
    });
    this.#ended = new Promise((resolved) => {
      this.#process.once("close", (code, signal) => resolved(code ?? (signal ? 128 : 1)));
    });
    children.add(this);
  }

  /** The end of the process and all that it printed. */
  async end(): Promise<Ended> {
    const code = await this.#ended;
    children.delete(this);
    return { code, stdout: this.#stdout, stderr: this.#stderr };
  }

  /** Waits until standard error has a line that matches, and answers the match. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#stderr);
      if (match) return match;
      const next = new Promise<"more">((resolved) => {
        this.#process.stderr.once("data", () => resolved("more"));
      });
      if ((await Promise.race([next, this.#ended])) !== "more") {
        throw new Error(`ended without printing ${String(pattern)}:\n${this.#stderr}`);
      }
    }
  }

  /** Waits for a JSON document on standard output, while the process runs on. */
  async printsResult(): Promise<string> {
    while (!this.#stdout.endsWith("}\n")) {
      await new Promise((resolved) => this.#process.stdout.once("data", resolved));
    }
    return this.#stdout;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.end();
  }
}

export interface Service {
  readonly url: string;
  readonly child: Child;
  /** Environment in which commands find the service and its token. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts the service on a data dir, on a port of its own, and waits until it is ready. */
export async function serve(dataDir: string, options: RunOptions = {}): Promise<Service> {
  const argv = ["serve", "--port", "0", "--data-dir", dataDir, "--log-level", "warn"];
  const child = new Child(argv, options);
  const [, url = ""] = await child.prints(/is ready at (\S+)/);
  // What follows the URL is written after it; the last line says that all is there.
  await child.prints(/Ctrl-C stops it/);
  return { url, child, env: { EXPUNGE_URL: url, EXPUNGE_DATA_DIR: dataDir } };
}

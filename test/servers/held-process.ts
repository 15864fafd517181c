import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

/**
 * A shell script that holds a server: it answers lines on its stdin with lines on its stdout, and its
 * end of input is its end. So the server dies with this process, whatever this one dies of.
 */
export class HeldProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  #stderr = "";

  /** @param script its file's address; what it needs to know stands in `env` */
  constructor(script: URL, env: Readonly<Record<string, string>>) {
    this.#child = spawn("bash", [fileURLToPath(script)], {
      env: { ...process.env, LC_ALL: "C", ...env },
      stdio: ["pipe", "pipe", "pipe"],
      // Out of reach of a Ctrl-C that is meant for us: it is over when we are.
      detached: true,
    });
    this.#child.stderr.on("data", (chunk: Buffer) => (this.#stderr += chunk.toString()));
    // It ended before what was said to it arrived; the line that it does not answer says so.
    this.#child.stdin.on("error", () => {});
    this.#reader = createInterface({ input: this.#child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** Waits for its next line. @throws Error with its complaints, where it ended or says otherwise */
  async expect(line: string): Promise<void> {
    const next = await this.#lines.next();
    if (next.done !== true && next.value === line) return;
    const said = next.done === true ? "ended" : `said '${next.value}'`;
    await this.stop();
    throw new Error(`instead of '${line}' the server ${said}:\n${this.#stderr}`);
  }

  async tell(line: string, answer: string): Promise<void> {
    this.#child.stdin.write(`${line}\n`);
    await this.expect(answer);
  }

  /** Ends the server and waits for it. Idempotent. */
  async stop(): Promise<void> {
    this.#child.stdin.end();
    await this.#ended();
    this.#reader.close();
  }

  async #ended(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) await once(this.#child, "close");
  }
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const RUN = new URL("../../scripts/run.js", import.meta.url).pathname;
const READY_MS = 120_000;

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A free one by default. */
  readonly port?: number;
  /** Options of Node itself, before the script. */
  readonly nodeArgs?: readonly string[];
  /** Instead of the command line from the sources. */
  readonly script?: string;
  /** With a channel for messages to and from `child`. */
  readonly ipc?: boolean;
}

/** What a command printed and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment without settings of whoever runs the tests. */
function cleanEnvironment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(EXPUNGE|R2)_/i.test(name));
  return { ...Object.fromEntries(kept), NO_COLOR: "1", ...extra };
}

/** Runs the real command line in a process of its own, to its end. */
export async function runCli(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [RUN, ...args], {
    env: cleanEnvironment(options.env ?? {}),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const out = collectOutput(child);
  await once(child, "close");
  return { code: child.exitCode, stdout: out.stdout(), stderr: out.stderr() };
}

function collectOutput(child: ChildProcess): { stdout: () => string; stderr: () => string } {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return { stdout: () => stdout, stderr: () => stderr };
}

/** A service in a process of its own, that can be killed as a machine would. */
export class ServiceProcess {
  readonly dataDir: string;
  readonly url: string;
  readonly child: ChildProcess;
  readonly #token: string;
  readonly #output: () => string;

  private constructor(
    dataDir: string,
    url: string,
    child: ChildProcess,
    token: string,
    output: () => string,
  ) {
    this.dataDir = dataDir;
    this.url = url;
    this.child = child;
    this.#token = token;
    this.#output = output;
  }

  /** Resolves when the service has said that it is ready. */
  static async start(dataDir: string, options: StartOptions = {}): Promise<ServiceProcess> {
    const { env = {}, cwd, port = 0, nodeArgs = [], ipc = false, script = RUN } = options;
    const args = [...nodeArgs, script, "serve", "--port", String(port), "--data-dir", dataDir];
    const child = spawn(process.execPath, args, {
      env: cleanEnvironment(env),
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ipc ? ["ignore", "pipe", "pipe", "ipc"] : ["ignore", "pipe", "pipe"],
    });
    const out = collectOutput(child);
    const output = (): string => out.stdout() + out.stderr();
    const url = await new Promise<string>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`the service ${why}:\n${output()}`));
      const ended = (code: number | null): void => {
        clearTimeout(timer);
        fail(`ended with ${code}`);
      };
      const look = (): void => {
        const match = /ready at (http:\/\/\S+)/.exec(output());
        if (match?.[1] === undefined) return;
        clearTimeout(timer);
        for (const stream of [child.stdout, child.stderr]) stream?.off("data", look);
        child.off("exit", ended);
        resolve(match[1]);
      };
      const timer = setTimeout(() => fail("was not ready in time"), READY_MS);
      child.stdout?.on("data", look);
      child.stderr?.on("data", look);
      child.once("exit", ended);
    });
    const token = (await readFile(join(dataDir, "admin-token"), "utf8")).trim();
    return new ServiceProcess(dataDir, url, child, token, output);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** All that it has printed. */
  get output(): string {
    return this.#output();
  }

  /** Options of the command line that reach this service. */
  get flags(): readonly string[] {
    return ["--url", this.url, "--token", this.#token];
  }

  /** One request with the admin token. */
  async request(
    method: string,
    path: string,
    options: {
      readonly body?: string | Uint8Array<ArrayBuffer>;
      readonly headers?: Readonly<Record<string, string>>;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<Response> {
    return await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, ...options.headers },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.body === undefined ? {} : { body: options.body }),
    });
  }

  /** One JSON request; throws unless the status is the expected one. */
  async json(
    method: string,
    path: string,
    options: { readonly json?: unknown; readonly status?: number } = {},
  ): Promise<Record<string, unknown>> {
    const sent = {
      body: JSON.stringify(options.json),
      headers: { "content-type": "application/json" },
    };
    const response = await this.request(method, path, options.json === undefined ? {} : sent);
    const text = await response.text();
    if (response.status !== (options.status ?? 200)) {
      throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    }
    return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  }

  /** SIGKILL: no chance to tidy up. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** SIGTERM; answers the exit code. */
  async stop(): Promise<number | null> {
    return await this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) {
      return this.child.exitCode;
    }
    const ended = once(this.child, "close");
    this.child.kill(signal);
    await ended;
    return this.child.exitCode;
  }
}

/** A directory that is gone when the test is over. */
export async function temporaryDir(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "expunge-test-"));
  return {
    path,
    [Symbol.asyncDispose]: async () => await rm(path, { recursive: true, force: true }),
  };
}

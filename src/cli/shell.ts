import { EXIT, type ExitCode, Interrupted } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import { Output } from "./output.ts";

/** What the commands of one run share: how they print, and where their exit code is kept. */
export class Shell {
  readonly io: Io;
  readonly out: Output;
  exitCode: ExitCode = EXIT.done;

  constructor(io: Io, isJson: boolean) {
    this.io = io;
    this.out = new Output(io, isJson);
  }

  /** An action for a command; an interrupt ends it wherever it stands. */
  action<A extends unknown[]>(
    work: (...args: A) => Promise<ExitCode>,
  ): (...args: A) => Promise<void> {
    return async (...args) => {
      this.exitCode = await untilInterrupted(this.io.interrupt, work(...args));
    };
  }

  /** An action that ends by itself at an interrupt, because it has something to close first. */
  closingAction<A extends unknown[]>(
    work: (...args: A) => Promise<ExitCode>,
  ): (...args: A) => Promise<void> {
    return async (...args) => {
      this.exitCode = await work(...args);
    };
  }
}

async function untilInterrupted<T>(interrupt: AbortSignal, work: Promise<T>): Promise<T> {
  if (interrupt.aborted) throw new Interrupted();
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(new Interrupted());
  interrupt.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    interrupt.removeEventListener("abort", stop);
  }
}

import { ExpungeError } from "../core/errors.ts";

/**
 * Requests of this process that write into a project, so that its fence can cancel them (R2). It only
 * saves time: what decides is the abort of the upload in the store.
 */
export class InFlight {
  readonly #byProject = new Map<string, Set<AbortController>>();

  /**
   * Runs a write that is cancelled when the project's fence falls or the caller goes away.
   * @throws ExpungeError `project-not-active` when the fence fell
   */
  async run<T>(
    projectUid: string,
    outer: AbortSignal | undefined,
    write: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const running = this.#byProject.get(projectUid) ?? new Set();
    this.#byProject.set(projectUid, running.add(controller));
    const signal = outer ? AbortSignal.any([outer, controller.signal]) : controller.signal;
    try {
      return await write(signal);
    } catch (error) {
      // However the write broke off, to its caller it was the fence that did it.
      if (!controller.signal.aborted) throw error;
      throw new ExpungeError("project-not-active", "The project is being deleted.", {
        cause: error,
      });
    } finally {
      running.delete(controller);
      if (running.size === 0) this.#byProject.delete(projectUid);
    }
  }

  /** The uids of the projects that are being written to. */
  projects(): readonly string[] {
    return [...this.#byProject.keys()];
  }

  cancel(projectUid: string): void {
    for (const controller of this.#byProject.get(projectUid) ?? []) controller.abort();
  }
}

import { type Caller, requireRight } from "../core/caller.ts";
import { messageOf } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { Backlog } from "../ports/metadata/index.ts";
import type { Context } from "./context.ts";

/** What those who run the service ask of it. */
export class Monitor {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * What waits to be done, whoever's it is.
   * @throws ExpungeError `forbidden`
   */
  async backlog(caller: Caller): Promise<Backlog> {
    requireRight(caller, "admin");
    return await this.#context.metadata.backlog();
  }

  /** Null when the database answers in time, else why not, in words that may be shown to anybody. */
  async databaseTrouble(): Promise<string | null> {
    const { metadata, clock, log } = this.#context;
    const asked = metadata.now().then(
      () => null,
      (error: unknown) => {
        log.warn({ reason: messageOf(error) }, "the database does not answer");
        return "the database does not answer";
      },
    );
    const enough = new AbortController();
    const late = clock
      .sleep(LIMITS.readinessTimeoutMs, enough.signal)
      .then(() => "the database does not answer in time");
    try {
      return await Promise.race([asked, late]);
    } finally {
      enough.abort();
    }
  }
}

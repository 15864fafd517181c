import type { Instant } from "../core/model.ts";

/** When a loop of this process last came through, by its own clock: what only the process itself knows. */
export class Pulse {
  readonly begunAt: Instant;
  #last: Instant | null = null;
  #failure: string | null = null;

  constructor(begunAt: Instant) {
    this.begunAt = begunAt;
  }

  /** Null until it came through once. */
  get last(): Instant | null {
    return this.#last;
  }

  /** Why the newest turn failed; null where it came through. */
  get failure(): string | null {
    return this.#failure;
  }

  beat(at: Instant): void {
    this.#last = at;
    this.#failure = null;
  }

  miss(why: string): void {
    this.#failure = why;
  }
}

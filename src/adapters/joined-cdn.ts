import { type CdnFailure, type CdnMode, isCdnUrl } from "../core/cdn.ts";
import { LIMITS } from "../core/limits.ts";
import { UntilAborted } from "../core/until-aborted.ts";
import type { Cdn, CdnAnswer } from "../ports/cdn.ts";
import type { Clock } from "../ports/clock.ts";

interface Waiting {
  readonly targets: readonly string[];
  readonly signal: AbortSignal;
  readonly resolve: (answer: CdnAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** A request that somebody asked for is not broken off for nobody. */
const NEVER = new AbortController().signal;

/**
 * Sends one request of this process at a time, and in it what many callers wait to have purged: a CDN
 * limits requests more than what is in them. Each caller has an answer of its own: where a joined request
 * is refused as it is, each one's is sent alone. While the CDN asks to be left alone, nothing is sent,
 * and the answer is the one that it gave, with the time that is left.
 */
export class JoinedCdn implements Cdn {
  readonly #cdn: Cdn;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #isSending = false;
  #limited: { readonly until: number; readonly failure: CdnFailure } | null = null;

  constructor(cdn: Cdn, clock: Clock) {
    this.#cdn = cdn;
    this.#clock = clock;
  }

  get provider(): string {
    return this.#cdn.provider;
  }

  get address(): Cdn["address"] {
    return this.#cdn.address;
  }

  get mode(): CdnMode {
    return this.#cdn.mode;
  }

  async purge(targets: readonly string[], signal: AbortSignal = NEVER): Promise<CdnAnswer> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<CdnAnswer>();
    this.#waiting.push({ targets, signal, resolve, reject });
    const until = new UntilAborted(signal);
    try {
      void this.#sendAll();
      return await until.wait(promise);
    } finally {
      until.end();
    }
  }

  /** Never rejects: what fails is the answer of those who wait for it. */
  async #sendAll(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    while (this.#waiting.length > 0) {
      await this.#clock.sleep(LIMITS.cdnGatherMs);
      const joined = this.#take();
      if (joined.length > 0) await this.#answer(joined);
    }
    this.#isSending = false;
  }

  /** The first one, and of the others as many as one request holds, all URLs or all prefixes. */
  #take(): readonly Waiting[] {
    const taken: Waiting[] = [];
    const left: Waiting[] = [];
    let count = 0;
    let kind: boolean | null = null;
    for (const one of this.#waiting.filter(({ signal }) => !signal.aborted)) {
      const isUrl = one.targets.every(isCdnUrl);
      kind ??= isUrl;
      const fits = isUrl === kind && count + one.targets.length <= LIMITS.cdnBatchTargets;
      (fits ? taken : left).push(one);
      if (fits) count += one.targets.length;
    }
    this.#waiting = left;
    return taken;
  }

  async #answer(joined: readonly Waiting[]): Promise<void> {
    try {
      const answer = await this.#send(joined);
      const isRefused = answer.result === "failed" && answer.failure.errorClass === "permanent";
      if (isRefused && joined.length > 1) {
        for (const one of joined) await this.#answer([one]);
        return;
      }
      for (const { resolve } of joined) resolve(answer);
    } catch (error) {
      for (const { reject } of joined) reject(error);
    }
  }

  async #send(joined: readonly Waiting[]): Promise<CdnAnswer> {
    const before = this.#limited;
    const leftMs = before === null ? 0 : before.until - this.#clock.now();
    if (before && leftMs > 0) {
      return { result: "failed", failure: { ...before.failure, retryAfterMs: leftMs } };
    }
    const targets = [...new Set(joined.flatMap((one) => one.targets))];
    const answer = await whileWaitedFor(joined, (signal) => this.#cdn.purge(targets, signal));
    this.#limited = null;
    if (answer.result === "accepted") return answer;
    const { code, retryAfterMs } = answer.failure;
    if (code === "cdn-rate-limited" && retryAfterMs !== null) {
      const until = this.#clock.now() + Math.min(retryAfterMs, LIMITS.retryAfterMaxMs);
      this.#limited = { until, failure: answer.failure };
    }
    return answer;
  }
}

/** With a signal that aborts once nobody waits any more. */
async function whileWaitedFor<T>(
  joined: readonly Waiting[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const all = new AbortController();
  const look = (): void => {
    if (joined.every(({ signal }) => signal.aborted)) all.abort();
  };
  for (const { signal } of joined) signal.addEventListener("abort", look);
  try {
    return await work(all.signal);
  } finally {
    for (const { signal } of joined) signal.removeEventListener("abort", look);
  }
}

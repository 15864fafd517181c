import type { CdnAddress, CdnFailure, CdnMode } from "../../core/cdn.ts";
import type { Cdn, CdnAnswer } from "../../ports/cdn.ts";

/** A CDN in memory, for tests and the simulation: it keeps what it was asked for, and fails as told. */
export class MemoryCdn implements Cdn {
  readonly provider = "memory";
  readonly address: CdnAddress;
  readonly mode: CdnMode;
  /** The targets of every request that was accepted, in order. */
  readonly accepted: (readonly string[])[] = [];
  readonly #fault: (targets: readonly string[]) => CdnFailure | null | Promise<CdnFailure | null>;

  /** @param fault what a request fails with; null where it is accepted */
  constructor(
    mode: CdnMode,
    fault: (targets: readonly string[]) => CdnFailure | null | Promise<CdnFailure | null> = () =>
      null,
    address: CdnAddress = { domain: "cdn.example.org", keyPrefix: "" },
  ) {
    this.mode = mode;
    this.address = address;
    this.#fault = fault;
  }

  async purge(targets: readonly string[], signal?: AbortSignal): Promise<CdnAnswer> {
    signal?.throwIfAborted();
    const failure = await this.#fault(targets);
    if (failure !== null) return { result: "failed", failure };
    this.accepted.push([...targets]);
    return { result: "accepted" };
  }
}

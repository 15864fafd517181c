import type { Rng } from "../simulation/random.ts";
import type { Fault } from "./fault.ts";
import type { Operation } from "./operations.ts";

/** Which requests a fault hits. */
export interface FaultTarget {
  /** One operation, several, or any. */
  readonly operation: Operation | readonly Operation[] | "any";
  readonly bucket?: string;
  /** Of a listing the prefix; of a DeleteObjects any of its keys. */
  readonly key?: (key: string) => boolean;
  /** How many requests it hits before it is used up; without it, all. */
  readonly times?: number;
  /** The chance of each request to be hit; without it, 1. */
  readonly rate?: number;
}

/** A fault that waits for its requests. */
export interface Planned {
  /** The requests that it has hit. */
  readonly hits: number;
  /** It hits none any more. */
  cancel(): void;
}

interface Plan extends Planned {
  readonly target: FaultTarget;
  readonly make: () => Fault;
  hits: number;
}

/** The faults of one server. Those that were planned first are looked at first; a request meets one. */
export class Faults {
  readonly #random: Rng;
  #plans: Plan[] = [];

  constructor(random: Rng) {
    this.#random = random;
  }

  /** @param fault one for all requests, or what makes one for each */
  plan(target: FaultTarget, fault: Fault | (() => Fault)): Planned {
    const make = typeof fault === "function" ? fault : () => fault;
    const cancel = (): void => {
      this.#plans = this.#plans.filter((other) => other !== plan);
    };
    const plan: Plan = { target, make, hits: 0, cancel };
    this.#plans.push(plan);
    return plan;
  }

  clear(): void {
    this.#plans = [];
  }

  /** The fault that this request meets, which is thereby used once; null for none. */
  take(operation: Operation, bucket: string | null, keys: readonly string[]): Fault | null {
    for (const plan of this.#plans) {
      if (!this.#hits(plan, operation, bucket, keys)) continue;
      plan.hits++;
      return plan.make();
    }
    return null;
  }

  #hits(
    { target, hits }: Plan,
    operation: Operation,
    bucket: string | null,
    keys: readonly string[],
  ): boolean {
    if (hits >= (target.times ?? Number.POSITIVE_INFINITY)) return false;
    const names = typeof target.operation === "string" ? [target.operation] : target.operation;
    if (!names.includes("any" as Operation) && !names.includes(operation)) return false;
    if (target.bucket !== undefined && target.bucket !== bucket) return false;
    if (target.key !== undefined && !keys.some(target.key)) return false;
    return target.rate === undefined || this.#random.chance(target.rate);
  }
}

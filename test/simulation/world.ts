import { Rng } from "./random.ts";

interface Event {
  readonly at: number;
  readonly sequence: number;
  readonly run: () => void;
}

/** The epoch of virtual time: fixed, so that a seed gives the same uids everywhere. */
const EPOCH_MS = Date.UTC(2030, 0, 1);

/**
 * Virtual time and the order of events. An event runs when all that came before it has come to rest:
 * microtasks are drained after each, so nothing depends on the machine.
 */
export class World {
  readonly rng: Rng;
  /** Effects whose caller has given up and that will still land. */
  underWay = 0;
  readonly #heap: Event[] = [];
  #now = EPOCH_MS;
  #sequence = 0;
  #hash = 0x811c9dc5;
  #events = 0;
  readonly #trace: ((line: string) => void) | null;

  constructor(seed: number, trace: ((line: string) => void) | null = null) {
    this.rng = new Rng(seed);
    this.#trace = trace;
  }

  get nowMs(): number {
    return this.#now;
  }

  /** Milliseconds since the world began. */
  get elapsedMs(): number {
    return this.#now - EPOCH_MS;
  }

  get events(): number {
    return this.#events;
  }

  /** FNV-1a over all that was noted: two runs of one seed must agree in it. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  note(line: string): void {
    const text = `${this.elapsedMs} ${line}`;
    for (let i = 0; i < text.length; i++) {
      this.#hash = Math.imul(this.#hash ^ text.charCodeAt(i), 0x01000193);
    }
    this.#trace?.(text);
  }

  schedule(delayMs: number, run: () => void): void {
    const event = { at: this.#now + Math.max(0, delayMs), sequence: this.#sequence++, run };
    let at = this.#heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** Runs events until the time is reached, or nothing is left to happen. */
  async run(untilMs: number): Promise<void> {
    for (;;) {
      const next = this.#heap[0];
      if (!next || next.at > EPOCH_MS + untilMs) break;
      this.#pop();
      this.#now = next.at;
      this.#events++;
      next.run();
      await settled();
    }
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let at = 0; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#heap.length && this.#before(child, least)) least = child;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #before(a: number, b: number): boolean {
    const x = this.#heap[a];
    const y = this.#heap[b];
    if (!x || !y) return false;
    return x.at === y.at ? x.sequence < y.sequence : x.at < y.at;
  }

  #swap(a: number, b: number): void {
    const x = this.#heap[a];
    const y = this.#heap[b];
    if (!x || !y) return;
    this.#heap[a] = y;
    this.#heap[b] = x;
  }
}

/** All microtasks have run: the phase of immediates begins only then. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

import { Rng } from "./random.ts";

/** Something that is to happen; `run` is null once it was called off. */
export interface Event {
  readonly at: number;
  readonly sequence: number;
  run: (() => void) | null;
}

/** The epoch of virtual time: fixed, so that a seed gives the same uids everywhere. */
const EPOCH_MS = Date.UTC(2030, 0, 1);
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Hashes of the words that are noted, which are few. */
const hashes = new Map<string, number>();

function hashOf(word: string): number {
  const known = hashes.get(word);
  if (known !== undefined) return known;
  let hash = FNV_OFFSET;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), FNV_PRIME);
  hashes.set(word, hash);
  return hash;
}

/**
 * Virtual time and the order of events. An event runs when all that came before it has come to rest:
 * microtasks are drained after each, so nothing depends on the machine.
 */
export class World {
  readonly rng: Rng;
  /** Effects whose caller has given up and that will still land. */
  underWay = 0;
  readonly trace: ((line: string) => void) | null;
  readonly #heap: Event[] = [];
  #now = EPOCH_MS;
  #sequence = 0;
  #hash = FNV_OFFSET;
  #events = 0;

  constructor(seed: number, trace: ((line: string) => void) | null = null) {
    this.rng = new Rng(seed);
    this.trace = trace;
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

  /** Notes who did what and how it went: into the hash, and into the trace. */
  note(who: string, what: string, how: string): void {
    let hash = Math.imul(this.#hash ^ this.elapsedMs, FNV_PRIME);
    hash = Math.imul(hash ^ hashOf(who), FNV_PRIME);
    hash = Math.imul(hash ^ hashOf(what), FNV_PRIME);
    this.#hash = Math.imul(hash ^ hashOf(how), FNV_PRIME);
    this.trace?.(`${this.elapsedMs} ${who} ${what} ${how}`);
  }

  schedule(delayMs: number, run: () => void): Event {
    const at = this.#now + Math.max(0, delayMs);
    const event: Event = { at, sequence: this.#sequence++, run };
    const heap = this.#heap;
    let hole = heap.push(event) - 1;
    while (hole > 0) {
      const above = (hole - 1) >> 1;
      const parent = heap[above];
      if (!parent || before(parent, event)) break;
      heap[hole] = parent;
      hole = above;
    }
    heap[hole] = event;
    return event;
  }

  pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.schedule(durationMs, resolve));
  }

  /** Runs events until the time is reached. */
  async run(untilMs: number): Promise<void> {
    for (;;) {
      const next = this.#heap[0];
      if (!next || next.at > EPOCH_MS + untilMs) break;
      this.#pop();
      if (next.run === null) continue;
      this.#now = next.at;
      this.#events++;
      next.run();
      await settled();
    }
    this.#now = Math.max(this.#now, EPOCH_MS + untilMs);
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let hole = 0;
    for (;;) {
      let least = 2 * hole + 1;
      let child = heap[least];
      if (!child) break;
      const right = heap[least + 1];
      if (right && before(right, child)) {
        child = right;
        least++;
      }
      if (before(last, child)) break;
      heap[hole] = child;
      hole = least;
    }
    heap[hole] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.at === b.at ? a.sequence < b.sequence : a.at < b.at;
}

/** All microtasks have run: Node's queue of ticks is looked at only when theirs is empty. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

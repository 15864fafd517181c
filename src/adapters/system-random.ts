import type { Random } from "../ports/clock.ts";

/** The operating system's source of random bytes; 65,536 at a time at most. */
export class SystemRandom implements Random {
  bytes(length: number): Uint8Array {
    return crypto.getRandomValues(new Uint8Array(length));
  }
}

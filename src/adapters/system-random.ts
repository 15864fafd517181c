import { randomBytes } from "node:crypto";
import type { Random } from "../ports/clock.ts";

/** The operating system's source of random bytes. */
export class SystemRandom implements Random {
  bytes(length: number): Uint8Array {
    return new Uint8Array(randomBytes(length));
  }
}

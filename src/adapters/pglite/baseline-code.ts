import { setFlagsFromString } from "node:v8";

/**
 * What is compiled of WebAssembly meanwhile stays with V8's baseline compiler. The optimizing one takes
 * 600 MB for one function of the database, whichever process that is in; without it SQL that computes
 * takes a third longer, and what waits for the disk no longer. Code that others compile later is
 * optimized as ever: V8 keeps with each module how it was begun.
 */
export async function withBaselineCode<T>(work: () => Promise<T>): Promise<T> {
  setFlagsFromString("--no-wasm-tier-up");
  setFlagsFromString("--no-wasm-dynamic-tiering");
  try {
    return await work();
  } finally {
    setFlagsFromString("--wasm-tier-up");
    setFlagsFromString("--wasm-dynamic-tiering");
  }
}

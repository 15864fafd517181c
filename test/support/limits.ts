import { vi } from "vitest";
import { LIMITS } from "../../src/core/limits.ts";

/** Does the work under another limit, so that a test need not reach the real one. */
export async function withLimit<T>(
  name: keyof typeof LIMITS,
  value: number,
  work: () => Promise<T>,
): Promise<T> {
  const replaced = vi.spyOn(LIMITS, name, "get");
  replaced.mockReturnValue(value);
  try {
    return await work();
  } finally {
    replaced.mockRestore();
  }
}

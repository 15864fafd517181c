import { vi } from "vitest";
import { LIMITS } from "../../src/core/limits.ts";

/** Does the work under another limit, so that a test need not reach the real one. */
export async function withLimit(
  name: keyof typeof LIMITS,
  value: number,
  work: () => Promise<void>,
): Promise<void> {
  const replaced = vi.spyOn(LIMITS, name, "get");
  replaced.mockReturnValue(value);
  try {
    await work();
  } finally {
    replaced.mockRestore();
  }
}

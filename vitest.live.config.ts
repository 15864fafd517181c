import { defineConfig } from "vitest/config";

/** Tests on stores out in the world, with credentials: never part of `npm test`. */
export default defineConfig({
  test: {
    include: ["test/live/**/*.live.ts"],
    // A round trip takes tens of milliseconds there, and some tests make thousands.
    testTimeout: 1_800_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});

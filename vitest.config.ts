import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/support/longest-first.ts";

/** What needs a real server says so in its name. */
const WITH_SERVERS = "test/**/*.server.test.ts";

/** What an installed package has: the embedded database begins in a fraction of the time. */
const BUILT = "scripts/blank-cluster.ts";

const source = (path: string): string => new URL(`src/${path}`, import.meta.url).pathname;

export default defineConfig({
  // The examples import the package by its name.
  resolve: {
    alias: [
      { find: /^expunge$/, replacement: source("index.ts") },
      { find: /^expunge\/client$/, replacement: source("client/index.ts") },
      { find: /^expunge\/engine$/, replacement: source("engine.ts") },
    ],
  },
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Many tests wait more than they work; by itself vitest leaves one of two cores idle.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
    coverage: {
      include: ["src/**"],
      reporter: ["text-summary"],
      // Held by `npm test`, which runs everything; a part of the tests cannot reach them.
      thresholds: { "src/core/**": { branches: 100 }, "src/services/**": { branches: 95 } },
    },
    projects: [
      {
        extends: true,
        test: {
          name: "quick",
          include: ["test/**/*.test.ts"],
          exclude: [WITH_SERVERS],
          globalSetup: BUILT,
        },
      },
      {
        extends: true,
        // Only called where one of these files is to be run.
        test: {
          name: "servers",
          include: [WITH_SERVERS],
          globalSetup: [BUILT, "test/servers/setup.ts"],
        },
      },
    ],
  },
});

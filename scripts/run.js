// Runs the command line from a checkout: one process, so that signals reach it.
import "./guard.js";

await import("../src/cli/main.ts");

#!/usr/bin/env node
import { EXIT } from "./exit-codes.ts";
import { complaintAboutNode } from "./node-version.ts";
import { keepYoungGenerationSmall } from "./young-generation.ts";

const complaint = complaintAboutNode(process.version);
if (complaint !== null) {
  process.stderr.write(`${complaint}\n`);
  process.exit(EXIT.usage);
}

const args = process.argv.slice(2);
const interrupt = new AbortController();

// The first signal asks for a clean end, the second one ends at once.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (interrupt.signal.aborted) process.exit(EXIT.interrupted);
    interrupt.abort(signal);
  });
}

// Before the program is loaded, which lets that space grow.
if (args.includes("serve")) keepYoungGenerationSmall();
const { run } = await import("./program.ts");

const exitCode = await run(args, {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: process.cwd(),
  interrupt: interrupt.signal,
});

// Not left to the event loop: an input that stays open would keep an interrupted command running.
process.exit(exitCode);

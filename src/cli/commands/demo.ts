import type { Command } from "commander";
import { ExpungeError } from "../../core/errors.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { Shell } from "../shell.ts";

export function addDemo(program: Command, shell: Shell): void {
  program
    .command("demo")
    .description(
      "play the main job on real files in a temporary directory or a bucket, and check it",
    )
    .option(
      "--store <url>",
      "s3://BUCKET[/PREFIX]: plays there, below a prefix of its own that is emptied again",
    )
    .action(shell.closingAction((flags: { readonly store?: string }) => demo(shell, flags)));
}

async function demo(shell: Shell, flags: { readonly store?: string }): Promise<ExitCode> {
  if (flags.store !== undefined && !flags.store.startsWith("s3://")) {
    throw new ExpungeError(
      "invalid-request",
      "The demo plays in a temporary directory of its own, or with --store s3://BUCKET[/PREFIX] in a bucket.",
    );
  }
  const { playDemo } = await import("../demo/demo.ts");
  return await playDemo(shell.out, flags.store ?? null);
}

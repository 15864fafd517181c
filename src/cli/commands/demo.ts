import type { Command } from "commander";
import { ExpungeError } from "../../core/errors.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { Shell } from "../shell.ts";

export function addDemo(program: Command, shell: Shell): void {
  program
    .command("demo")
    .description("play the main job on real files in a temporary directory, and check it")
    .option("--store <url>", "the store to play on (default: the temporary directory)")
    .action(shell.closingAction((flags: { readonly store?: string }) => demo(shell, flags)));
}

async function demo(shell: Shell, flags: { readonly store?: string }): Promise<ExitCode> {
  if (flags.store?.startsWith("s3:")) {
    throw new ExpungeError(
      "invalid-config",
      "S3 and R2 stores are not part of this version yet: demo --store s3:// comes with the S3 adapter.",
    );
  }
  if (flags.store !== undefined) {
    throw new ExpungeError(
      "invalid-request",
      "The demo plays in a temporary directory of its own: leave out --store.",
    );
  }
  const { playDemo } = await import("../demo/demo.ts");
  return await playDemo(shell.out);
}

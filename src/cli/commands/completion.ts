import { Argument, type Command } from "commander";
import { completionScript, type ShellName, SHELLS } from "../completion.ts";
import { EXIT } from "../exit-codes.ts";
import type { Shell } from "../shell.ts";

export function addCompletion(program: Command, shell: Shell): void {
  program
    .command("completion")
    .description("print a script that completes commands and options in a shell")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .action(
      shell.action(async (name: ShellName) => {
        const script = completionScript(name, program);
        await shell.out.result({ shell: name, script }, () => [script.trimEnd()]);
        return EXIT.done;
      }),
    );
}

import type { Command } from "commander";
import { describeConfig, loadConfig } from "../../config.ts";
import { createLayoutSet } from "../../core/layouts/index.ts";
import { configOptions } from "../connect.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { table } from "../output.ts";
import type { Shell } from "../shell.ts";

export function addConfig(program: Command, shell: Shell): void {
  program
    .command("config")
    .description("print the effective configuration and where each value came from")
    .action(shell.action(() => show(shell)));
}

async function show(shell: Shell): Promise<ExitCode> {
  const config = await loadConfig(configOptions(shell.io));
  // What would not start is not shown as if it would.
  createLayoutSet(config.projectIdFormat, config.layouts);
  const settings = describeConfig(config);
  await shell.out.result({ settings }, () =>
    table(
      ["name", "value", "source"],
      settings.map(({ name, value, source, origin }) => [
        name,
        value,
        origin === null || origin === name ? source : `${source} (${origin})`,
      ]),
    ),
  );
  return EXIT.done;
}

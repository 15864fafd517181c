import type { Command } from "commander";
import { type Config, loadConfig } from "../../config.ts";
import { messageOf } from "../../core/errors.ts";
import type { Check } from "../../services/doctor/checks.ts";
import { configOptions } from "../connect.ts";
import { EXIT, type ExitCode, failureOf, Interrupted } from "../exit-codes.ts";
import { printable } from "../output.ts";
import type { Shell } from "../shell.ts";

export function addDoctor(program: Command, shell: Shell): void {
  program
    .command("doctor")
    .description("look at configuration, database and store, and prove each call that is needed")
    .action(shell.closingAction(() => doctor(shell)));
}

async function doctor(shell: Shell): Promise<ExitCode> {
  const { out } = shell;
  const checks = await checksOf(shell);
  if (shell.io.interrupt.aborted) throw new Interrupted();
  const ok = checks.every((check) => check.ok !== false);
  await out.result({ ok, checks }, () => [
    ...checks.flatMap((check) => linesOf(shell, check)),
    "",
    ok ? `doctor: ${checks.length} checks, no problem` : `doctor: ${problems(checks)}`,
  ]);
  return ok ? EXIT.done : EXIT.problems;
}

async function checksOf(shell: Shell): Promise<readonly Check[]> {
  let config: Config;
  try {
    config = await loadConfig(configOptions(shell.io));
  } catch (error) {
    const { remedy } = failureOf(error).error;
    return [{ name: "configuration", ok: false, detail: messageOf(error), remedy }];
  }
  const { diagnose, openLog } = await import("../../compose.ts");
  const detail = `${Object.keys(config.sources).length} settings are not the defaults`;
  return [
    { name: "configuration", ok: true, detail, remedy: null },
    ...(await diagnose(config, {
      log: openLog({ level: "silent" }),
      signal: shell.io.interrupt,
    })),
  ];
}

function linesOf({ out }: Shell, { name, ok, detail, remedy }: Check): readonly string[] {
  const mark =
    ok === null
      ? out.style("dim", "-   ")
      : ok
        ? out.style("green", "ok  ")
        : out.style("red", "FAIL");
  const [first = "", ...more] = detail.split("\n").map((line) => printable(line));
  const lines = [`${mark} ${name}: ${first}`, ...more.map((line) => `     ${line}`)];
  return remedy === null ? lines : [...lines, `     what to do: ${remedy}`];
}

function problems(checks: readonly Check[]): string {
  const names = checks.filter(({ ok }) => ok === false).map(({ name }) => name);
  return `${names.length} of ${checks.length} checks failed: ${names.join(", ")}`;
}

import type { Command } from "commander";
import { type Config, loadConfig } from "../../config.ts";
import { isExpungeClientError } from "../../client/index.ts";
import { isExpungeError, messageOf } from "../../core/errors.ts";
import type { Check } from "../../services/doctor/checks.ts";
import {
  clientOf,
  configOptions,
  serviceAt,
  type ServiceAddress,
  type ServiceFlags,
  withService,
} from "../connect.ts";
import { EXIT, type ExitCode, failureOf, Interrupted } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { printable } from "../output.ts";
import type { Shell } from "../shell.ts";

export function addDoctor(program: Command, shell: Shell): void {
  withService(
    program
      .command("doctor")
      .description("look at configuration, database and store, and prove each call that is needed"),
  ).action(shell.closingAction((flags: ServiceFlags) => doctor(shell, flags)));
}

async function doctor(shell: Shell, flags: ServiceFlags): Promise<ExitCode> {
  const { out } = shell;
  const checks = await checksOf(shell, flags);
  if (shell.io.interrupt.aborted) throw new Interrupted();
  const ok = checks.every((check) => check.ok !== false);
  await out.result({ ok, checks }, () => [
    ...checks.flatMap((check) => linesOf(shell, check)),
    "",
    ok ? `doctor: ${checks.length} checks, no problem` : `doctor: ${problems(checks)}`,
  ]);
  return ok ? EXIT.done : EXIT.problems;
}

/**
 * A service that is named is asked; so is the one on this machine, where it answers to the token of the
 * data directory. Else this process looks for itself. The first check says which it was.
 */
async function checksOf({ io }: Shell, flags: ServiceFlags): Promise<readonly Check[]> {
  const unasked = (why: string): Check => {
    return {
      name: "service",
      ok: null,
      detail: `looked at without a service: ${why}`,
      remedy: null,
    };
  };
  let address: ServiceAddress;
  try {
    address = await serviceAt(io, flags);
  } catch (error) {
    if (!isExpungeError(error, "invalid-config")) throw error;
    return await ownChecks(io);
  }
  const { url, token, isNamed } = address;
  if (token === null && !isNamed) {
    return [unasked("no token lies in the data directory"), ...(await ownChecks(io))];
  }
  try {
    const options = isNamed ? {} : { attemptsMax: 1 };
    const { checks } = await clientOf(io, url, token, options).service.doctor();
    const detail = `asked at ${url}: all below is what it sees`;
    return [{ name: "service", ok: true, detail, remedy: null }, ...checks];
  } catch (error) {
    if (isNamed || !isExpungeClientError(error)) throw error;
    return [unasked(error.message), ...(await ownChecks(io))];
  }
}

async function ownChecks(io: Io): Promise<readonly Check[]> {
  let config: Config;
  try {
    config = await loadConfig(configOptions(io));
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
      signal: io.interrupt,
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

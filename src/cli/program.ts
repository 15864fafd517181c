import { Command, CommanderError } from "commander";
import { ExpungeError } from "../core/errors.ts";
import { VERSION } from "../version.ts";
import { addAdopt } from "./commands/adopt.ts";
import { addAudit } from "./commands/audit.ts";
import { addAuditLog } from "./commands/audit-log.ts";
import { addCompletion } from "./commands/completion.ts";
import { addConfig } from "./commands/config.ts";
import { addDeletion } from "./commands/deletion.ts";
import { addDemo } from "./commands/demo.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addFile } from "./commands/file.ts";
import { addLayouts } from "./commands/layouts.ts";
import { addProject } from "./commands/project.ts";
import { addReceipt } from "./commands/receipt.ts";
import { addRelayout } from "./commands/relayout.ts";
import { addServe } from "./commands/serve.ts";
import { addSweep } from "./commands/sweep.ts";
import { addToken } from "./commands/token.ts";
import { addExamples } from "./examples.ts";
import { EXIT, type ExitCode, failureOf, Interrupted } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import { isBrokenPipe, write } from "./output.ts";
import { Shell } from "./shell.ts";

/** Runs one command line, without the names of Node and the script, and answers its exit code. */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  const shell = new Shell(io, wantsJson(argv));
  // Each write reports its own failure; without a listener the event would end the process.
  for (const stream of [io.stdout, io.stderr]) stream.on("error", () => {});
  const program = programOf(shell);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return shell.exitCode;
  } catch (thrown) {
    return await report(shell, thrown, `See '${commandNamed(program, argv)} --help'.`);
  }
}

/** Known before anything is parsed, since a wrong option too is answered as JSON. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end < 0 ? argv : argv.slice(0, end)).includes("--json");
}

/** The whole tree of commands. */
export function programOf(shell: Shell): Command {
  const { io } = shell;
  const program = new Command("expunge")
    .description("Keeps the files of projects, and deletes a project with proof.")
    .version(VERSION)
    .option("--json", "print one JSON document on standard output and nothing else")
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => void write(io.stdout, text),
      writeErr: (text) => void write(io.stderr, text),
      // Wrong usage is reported in one place, like every other error.
      outputError: () => {},
    });
  addServe(program, shell);
  addDemo(program, shell);
  addDoctor(program, shell);
  addConfig(program, shell);
  addProject(program, shell);
  addFile(program, shell);
  addDeletion(program, shell);
  addReceipt(program, shell);
  addToken(program, shell);
  addAuditLog(program, shell);
  addLayouts(program, shell);
  addAudit(program, shell);
  addAdopt(program, shell);
  addRelayout(program, shell);
  addSweep(program, shell);
  addCompletion(program, shell);
  addExamples(program);
  return program;
}

/** As much of a command's name as was understood. */
function commandNamed(program: Command, argv: readonly string[]): string {
  const names = [program.name()];
  let { commands } = program;
  for (const word of argv.filter((one) => !one.startsWith("-"))) {
    const found = commands.find((command) => command.name() === word);
    if (!found) break;
    names.push(word);
    ({ commands } = found);
  }
  return names.join(" ");
}

async function report(shell: Shell, thrown: unknown, help: string): Promise<ExitCode> {
  if (thrown instanceof CommanderError) return await reportUsage(shell, thrown, help);
  if (thrown instanceof Interrupted || shell.io.interrupt.aborted) return EXIT.interrupted;
  if (isBrokenPipe(thrown)) return EXIT.done;
  const { error, exitCode } = failureOf(thrown);
  await shell.out.failure(error);
  return exitCode;
}

async function reportUsage(
  shell: Shell,
  thrown: CommanderError,
  remedy: string,
): Promise<ExitCode> {
  if (thrown.exitCode === 0) return EXIT.done;
  const isMissing = thrown.code === "commander.help";
  // The help that was printed says the same to a person.
  if (isMissing && !shell.out.isJson) return EXIT.usage;
  const message = isMissing
    ? "The name of a command is missing."
    : thrown.message.replace(/^error: /, "").replace(/\n\(Did (you mean .*\?)\)$/s, "; did $1");
  const details = { usage: thrown.code };
  await shell.out.failure(new ExpungeError("invalid-request", message, { details, remedy }));
  return EXIT.usage;
}

import type { Command } from "commander";
import { isExpungeClientError } from "../../client/index.ts";
import { ExpungeError } from "../../core/errors.ts";
import { duration, waitMsOf, wholeNumber } from "../arguments.ts";
import { confirm } from "../confirm.ts";
import { connect, withService } from "../connect.ts";
import { planLines, showDeletion } from "../deletion-view.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { exitCodeOfDeletion, follow } from "../following.ts";
import { printable } from "../output.ts";
import { progressOn } from "../progress.ts";
import type { Shell } from "../shell.ts";
import { type DeleteFlags, deleteProjects, selectionOf } from "./project-delete-many.ts";

export function addProjectDelete(project: Command, shell: Shell): void {
  withService(
    project
      .command("delete")
      .description("delete projects with all their objects, verified, with a receipt for each")
      .argument("[ids...]", "the id; or several")
      .option("--name-prefix <text>", "all projects whose name begins so")
      .option("--dry-run", "show what would be removed and change nothing")
      .option("--yes", "do not ask")
      .option("--grace <duration>", "time in which it can be undone, such as 72h")
      .option("--max-objects <number>", "refuse when the store holds more of it", wholeNumber)
      .option("--wait <duration>", "how long to wait for the end (default: 300s)", duration)
      .option("--no-wait", "answer as soon as the deletion is accepted"),
  ).action(
    shell.action((ids: readonly string[], flags: DeleteFlags) => {
      const [id, ...others] = ids;
      if (id !== undefined && others.length === 0 && flags.namePrefix === undefined) {
        return deleteProject(shell, id, flags);
      }
      return deleteProjects(shell, selectionOf(ids, flags.namePrefix), flags);
    }),
  );
}

/** The service may go away meanwhile: the deletion is accepted all the same, and goes on with it. */
async function followed<T>(id: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isExpungeClientError(error, "service-unreachable")) {
      throw new ExpungeError(
        "service-unreachable",
        `${error.message} The deletion ${id} is accepted.`,
        {
          cause: error,
          details: { ...error.details, deletion: id },
          remedy: `Start the service: the deletion goes on by itself. 'expunge deletion watch ${id}' follows it.`,
        },
      );
    }
    throw error;
  }
}

async function deleteProject(shell: Shell, id: string, flags: DeleteFlags): Promise<ExitCode> {
  const { io, out } = shell;
  const client = await connect(io, flags);
  if (flags.dryRun) {
    const plan = await client.projects.plan(id);
    await out.result(plan, () => planLines(plan));
    return EXIT.done;
  }
  if (!flags.yes) {
    await confirm(io, `All of the project '${printable(id)}' will be removed for good.`, id);
  }
  const { deletion, isInGrace } = await client.projects.requestDeletion(id, {
    grace: flags.grace,
    maxObjects: flags.maxObjects,
  });
  const goesOn = (): void => {
    void out.note(`the deletion goes on without you: expunge deletion watch ${deletion.id}`);
  };
  io.interrupt.addEventListener("abort", goesOn, { once: true });
  const progress = progressOn(out);
  // Nobody waits for a grace of days unless told to.
  const waitMs = isInGrace && flags.wait === undefined ? 0 : waitMsOf(flags);
  const ended = await followed(deletion.id, () =>
    follow(client, deletion, { waitMs, onProgress: progress.show }),
  );
  await progress.end();
  io.interrupt.removeEventListener("abort", goesOn);
  await showDeletion(out, ended);
  return exitCodeOfDeletion(ended);
}

import type { Command } from "commander";
import { duration, waitMsOf, type WaitFlags } from "../arguments.ts";
import type { ExpungeClient } from "../../client/index.ts";
import { collected } from "../collected.ts";
import type { DeletionJson } from "../../http/schema/index.ts";
import { connect, type ServiceFlags, withService } from "../connect.ts";
import { showDeletion } from "../deletion-view.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { exitCodeOfDeletion, follow, type FollowOptions } from "../following.ts";
import { table } from "../output.ts";
import { progressOn } from "../progress.ts";
import type { Shell } from "../shell.ts";

interface ListFlags extends ServiceFlags {
  readonly state?: string;
  readonly project?: string;
}

type WatchFlags = ServiceFlags & WaitFlags;

export function addDeletion(program: Command, shell: Shell): void {
  const deletion = program.command("deletion").description("look at deletions and retry them");
  withService(
    deletion
      .command("list")
      .description("list deletions, the newest first")
      .option("--state <state>", "trashed, deleting, verifying, completed or restored")
      .option("--project <id>", "only those of this project"),
  ).action(shell.action((flags: ListFlags) => list(shell, flags)));
  withService(
    deletion.command("show").description("show a deletion").argument("<id>", "DELETE-..."),
  ).action(shell.action((id: string, flags: ServiceFlags) => show(shell, id, flags)));
  withService(
    deletion
      .command("watch")
      .description("wait for the end of a deletion and show it")
      .argument("<id>", "DELETE-...")
      .option("--wait <duration>", "at most so long (default: 300s)", duration),
  ).action(shell.action((id: string, flags: WatchFlags) => watch(shell, id, flags)));
  withService(
    deletion
      .command("retry")
      .description("try a blocked deletion again now")
      .argument("<id>", "DELETE-...")
      .option("--wait <duration>", "how long to wait for the end (default: 300s)", duration)
      .option("--no-wait", "answer as soon as the retry is accepted"),
  ).action(shell.action((id: string, flags: WatchFlags) => retry(shell, id, flags)));
}

async function list(shell: Shell, flags: ListFlags): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  // What is no state the service refuses, in words that name the states.
  const state = flags.state as DeletionJson["state"] | undefined;
  const items = await collected(client.deletions.all({ state, projectId: flags.project }));
  await shell.out.result({ items }, () =>
    table(
      ["id", "project", "state", "requested", "residue"],
      items.map((one) => [
        one.id,
        one.projectId,
        one.blocked === null ? one.state : `${one.state} (blocked)`,
        one.requestedAt,
        one.residueTotal,
      ]),
    ),
  );
  return EXIT.done;
}

/** Showing succeeds whatever is shown; `watch` is what tells by its exit code how it ended. */
async function show(shell: Shell, id: string, flags: ServiceFlags): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  await showDeletion(shell.out, await client.deletions.get(id));
  return EXIT.done;
}

async function watch(shell: Shell, id: string, flags: WatchFlags): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  const waitMs = waitMsOf(flags);
  return await followAndShow(shell, client, await client.deletions.get(id), { waitMs });
}

async function retry(shell: Shell, id: string, flags: WatchFlags): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  const retried = await client.deletions.retry(id);
  const options = { waitMs: waitMsOf(flags), ignoreBlock: retried.blocked };
  return await followAndShow(shell, client, retried, options);
}

async function followAndShow(
  shell: Shell,
  client: ExpungeClient,
  deletion: DeletionJson,
  options: FollowOptions,
): Promise<ExitCode> {
  const progress = progressOn(shell.out);
  const ended = await follow(client, deletion, { ...options, onProgress: progress.show });
  await progress.end();
  await showDeletion(shell.out, ended);
  return exitCodeOfDeletion(ended, options.ignoreBlock);
}

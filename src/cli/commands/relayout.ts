import type { Command } from "commander";
import type { ExpungeClient } from "../../client/index.ts";
import { ExpungeError } from "../../core/errors.ts";
import type { RelayoutJson } from "../../http/schema/index.ts";
import { duration } from "../arguments.ts";
import { connect, type ServiceFlags, withService } from "../connect.ts";
import type { ExitCode } from "../exit-codes.ts";
import { write } from "../output.ts";
import { exitCodeOfRelayout, showRelayout, showRelayouts } from "../relayout-view.ts";
import type { Shell } from "../shell.ts";
import { untilEnded } from "../until-ended.ts";

interface RelayoutFlags extends ServiceFlags {
  readonly dryRun?: true;
  readonly yes?: true;
  readonly project?: readonly string[];
  readonly finish?: string;
  readonly undo?: string;
  readonly id?: string;
  readonly list?: true;
  readonly spared?: true;
  /** Milliseconds, false for `--no-wait`, absent for as long as it takes. */
  readonly wait?: number | false;
}

export function addRelayout(program: Command, shell: Shell): void {
  withService(
    program
      .command("relayout")
      .description("move adopted files to canonical keys; what they had is held until --finish")
      .option("--dry-run", "count what would be done, and do nothing (the default)")
      .option("--yes", "do it")
      .option("--project <id...>", "only the files of these projects (default: of all)")
      .option("--finish <id>", "remove the old objects that RELAYOUT-... holds, for good")
      .option("--undo <id>", "give the files of RELAYOUT-... their old objects back")
      .option("--id <id>", "show this relayout instead of beginning one")
      .option("--list", "show all relayouts, newest first")
      .option("--spared", "print every file that was left as it is, one JSON object per line")
      .option("--wait <duration>", "at most so long (default: until it ends)", duration)
      .option("--no-wait", "answer as soon as it is accepted"),
  ).action(shell.action((flags: RelayoutFlags) => relayout(shell, flags)));
}

async function relayout(shell: Shell, flags: RelayoutFlags): Promise<ExitCode> {
  refuseContradictions(shell, flags);
  const client = await connect(shell.io, flags);
  if (flags.list) return await showRelayouts(shell.out, client.relayouts.all());
  const begun = await begin(client, flags);
  const ended = await untilEnded(shell, {
    begun,
    look: (id) => client.relayouts.get(id),
    goesOn: `the relayout goes on without you: expunge relayout --id ${begun.id}`,
    wait: flags.wait,
  });
  if (flags.spared) {
    for await (const line of client.relayouts.spared(ended.id)) {
      await write(shell.io.stdout, `${JSON.stringify(line)}\n`);
    }
  } else await showRelayout(shell.out, client, ended);
  return exitCodeOfRelayout(ended);
}

async function begin(
  { relayouts }: ExpungeClient,
  { id, finish, undo, yes, project }: RelayoutFlags,
): Promise<RelayoutJson> {
  const dryRun = yes !== true;
  if (id !== undefined) return await relayouts.get(id);
  if (finish !== undefined) return await relayouts.finish(finish, { dryRun });
  if (undo !== undefined) return await relayouts.undo(undo, { dryRun });
  return await relayouts.start({
    dryRun,
    ...(project === undefined ? {} : { projects: [...project] }),
  });
}

function refuseContradictions({ out }: Shell, flags: RelayoutFlags): void {
  const { finish, undo, id, list, project } = flags;
  const modes = { "--finish": finish, "--undo": undo, "--id": id, "--list": list };
  const given = Object.entries({ ...modes, "--project": project }).filter(
    ([, value]) => value !== undefined,
  );
  if (given.length > 1) throw exclude(given.map(([flag]) => flag));
  if (flags.dryRun && flags.yes) throw exclude(["--dry-run", "--yes"]);
  if (out.isJson && flags.spared) throw exclude(["--json", "--spared"]);
}

function exclude(flags: readonly string[]): ExpungeError {
  return new ExpungeError("invalid-request", `${flags.join(" and ")} exclude each other.`);
}

import type { Command } from "commander";
import { formatDuration } from "../../core/duration.ts";
import { ExpungeError } from "../../core/errors.ts";
import type { CreateAdoptionJson } from "../../http/schema/index.ts";
import { exitCodeOfAdoption, showAdoption } from "../adoption-view.ts";
import { duration } from "../arguments.ts";
import { connect, type ServiceFlags, withService } from "../connect.ts";
import type { ExitCode } from "../exit-codes.ts";
import { write } from "../output.ts";
import type { Shell } from "../shell.ts";
import { untilEnded } from "../until-ended.ts";

interface AdoptFlags extends ServiceFlags {
  readonly dryRun?: true;
  readonly yes?: true;
  readonly owner?: string;
  /** Milliseconds. */
  readonly minAge?: number;
  readonly prefix?: string;
  readonly id?: string;
  readonly projects?: true;
  readonly refused?: true;
  /** Milliseconds, false for `--no-wait`, absent for as long as it takes. */
  readonly wait?: number | false;
}

export function addAdopt(program: Command, shell: Shell): void {
  withService(
    program
      .command("adopt")
      .description("make projects and files for objects that lie in legacy layouts; no byte moves")
      .option("--dry-run", "count what would be made, and make nothing (the default)")
      .option("--yes", "do it")
      .option("--owner <owner>", "whom new projects belong to (default: the caller)")
      .option("--min-age <duration>", "take nothing younger (default: 1h; 0s: all)", duration)
      .option("--prefix <prefix>", "only keys that begin with this")
      .option("--projects", "print every project, one JSON object per line")
      .option("--refused", "print every refused object, one JSON object per line")
      .option("--id <id>", "show this adoption, ADOPT-..., instead of beginning one")
      .option("--wait <duration>", "at most so long (default: until it ends)", duration)
      .option("--no-wait", "answer as soon as it is accepted"),
  ).action(shell.action((flags: AdoptFlags) => adopt(shell, flags)));
}

async function adopt(shell: Shell, flags: AdoptFlags): Promise<ExitCode> {
  refuseContradictions(shell, flags);
  const client = await connect(shell.io, flags);
  const begun =
    flags.id === undefined
      ? await client.adoptions.start(requestOf(flags))
      : await client.adoptions.get(flags.id);
  const ended = await untilEnded(shell, {
    begun,
    look: (id) => client.adoptions.get(id),
    goesOn: `the adoption goes on without you: expunge adopt --id ${begun.id}`,
    wait: flags.wait,
  });
  if (flags.projects || flags.refused) {
    const lines = flags.projects
      ? client.adoptions.projects(ended.id)
      : client.adoptions.refusals(ended.id);
    for await (const line of lines) await write(shell.io.stdout, `${JSON.stringify(line)}\n`);
  } else await showAdoption(shell.out, client, ended);
  return exitCodeOfAdoption(ended);
}

function refuseContradictions({ out }: Shell, flags: AdoptFlags): void {
  const lists = [out.isJson, flags.projects, flags.refused].filter(Boolean);
  if (lists.length > 1) {
    throw new ExpungeError(
      "invalid-request",
      "--json, --projects and --refused exclude each other.",
    );
  }
  if (flags.dryRun && flags.yes) {
    throw new ExpungeError("invalid-request", "--dry-run and --yes exclude each other.");
  }
}

function requestOf({ yes, owner, minAge, prefix }: AdoptFlags): CreateAdoptionJson {
  return {
    dryRun: yes !== true,
    ...(owner === undefined ? {} : { owner }),
    ...(minAge === undefined ? {} : { minAge: formatDuration(minAge) }),
    ...(prefix === undefined ? {} : { prefix }),
  };
}

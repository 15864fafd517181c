import type { Command } from "commander";
import { collected } from "../collected.ts";
import { wholeNumber } from "../arguments.ts";
import type { ProjectJson } from "../../http/schema/index.ts";
import { connect, type ServiceFlags, withService } from "../connect.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { formatBytes, printable, table } from "../output.ts";
import type { Shell } from "../shell.ts";
import { addProjectDelete } from "./project-delete.ts";

interface CreateFlags extends ServiceFlags {
  readonly name?: string;
  readonly owner?: string;
  readonly ttl?: number;
  readonly quota?: number;
}

interface ListFlags extends ServiceFlags {
  readonly state?: string;
  readonly namePrefix?: string;
}

export function addProject(program: Command, shell: Shell): void {
  const project = program.command("project").description("make, look at, delete and hold projects");
  withService(
    project
      .command("create")
      .description("make a project")
      .argument("[id]", "its id; left out, expunge makes one")
      .option("--name <name>", "the name people see")
      .option("--owner <owner>", "whose it is")
      .option("--ttl <seconds>", "delete it by itself after so long", wholeNumber)
      .option("--quota <bytes>", "bytes that its files may have", wholeNumber),
  ).action(shell.action((id: string | undefined, flags: CreateFlags) => create(shell, id, flags)));
  withService(
    project
      .command("list")
      .description("list projects")
      .option("--state <state>", "only those that are active, trashed, deleting or deleted")
      .option("--name-prefix <text>", "only those whose name begins so"),
  ).action(shell.action((flags: ListFlags) => list(shell, flags)));
  withService(
    project.command("show").description("show a project").argument("<id>", "its id"),
  ).action(shell.action((id: string, flags: ServiceFlags) => show(shell, id, flags)));
  addProjectDelete(project, shell);
  withService(
    project
      .command("restore")
      .description("undo the deletion of a project that is in grace")
      .argument("<id>", "its id"),
  ).action(shell.action((id: string, flags: ServiceFlags) => restore(shell, id, flags)));
  addHold(project, shell);
}

function addHold(project: Command, shell: Shell): void {
  withService(
    project
      .command("hold")
      .description("keep a project from being deleted until the hold is released")
      .argument("<id>", "its id")
      .requiredOption("--reason <text>", "why; it is shown with the project"),
  ).action(
    shell.action((id: string, flags: ServiceFlags & { readonly reason: string }) =>
      hold(shell, id, flags),
    ),
  );
  withService(
    project.command("release").description("release a project's hold").argument("<id>", "its id"),
  ).action(shell.action((id: string, flags: ServiceFlags) => release(shell, id, flags)));
}

async function create(shell: Shell, id: string | undefined, flags: CreateFlags): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  const made = await client.projects.create({
    ...(id === undefined ? {} : { id }),
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.owner === undefined ? {} : { owner: flags.owner }),
    ...(flags.ttl === undefined ? {} : { ttlSeconds: flags.ttl }),
    ...(flags.quota === undefined ? {} : { quotaBytes: flags.quota }),
  });
  await shell.out.result(made, () => [`created: ${printable(made.id)} (${made.uid})`]);
  return EXIT.done;
}

async function list(shell: Shell, flags: ListFlags): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  // What is no state the service refuses, in words that name the states.
  const state = flags.state as ProjectJson["state"] | undefined;
  const items = await collected(client.projects.all({ state, namePrefix: flags.namePrefix }));
  await shell.out.result({ items }, () =>
    table(
      ["id", "state", "owner", "created", "files", "bytes"],
      items.map((one) => [
        one.id,
        one.hold === null ? one.state : `${one.state} (held)`,
        one.owner,
        one.createdAt,
        one.fileCount,
        one.sizeBytes,
      ]),
    ),
  );
  return EXIT.done;
}

async function show(shell: Shell, id: string, flags: ServiceFlags): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  return await showProject(shell, await client.projects.get(id));
}

async function restore(shell: Shell, id: string, flags: ServiceFlags): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  await client.projects.restore(id);
  return await showProject(shell, await client.projects.get(id));
}

async function hold(
  shell: Shell,
  id: string,
  flags: ServiceFlags & { readonly reason: string },
): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  await client.holds.place(id, flags.reason);
  return await showProject(shell, await client.projects.get(id));
}

async function release(shell: Shell, id: string, flags: ServiceFlags): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  await client.holds.release(id);
  return await showProject(shell, await client.projects.get(id));
}

async function showProject(shell: Shell, project: ProjectJson): Promise<ExitCode> {
  await shell.out.result(project, () =>
    table(
      ["project", printable(project.id)],
      [
        ["uid", project.uid],
        ["name", project.name],
        ["owner", project.owner],
        ["state", project.state],
        ["hold", project.hold === null ? "none" : project.hold.reason],
        ["files", String(project.fileCount)],
        ["size", formatBytes(project.sizeBytes)],
        ["created", project.createdAt],
        ["expires", project.expiresAt ?? "never"],
      ],
    ),
  );
  return EXIT.done;
}

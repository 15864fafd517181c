import type { Command } from "commander";
import { collected } from "../collected.ts";
import { connect, type ServiceFlags, withService } from "../connect.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { table } from "../output.ts";
import type { Shell } from "../shell.ts";

interface ListFlags extends ServiceFlags {
  readonly project?: string;
}

export function addAuditLog(program: Command, shell: Shell): void {
  const auditLog = program.command("audit-log").description("see who asked for which change");
  withService(
    auditLog
      .command("list")
      .description("list entries, the newest first")
      .option("--project <id>", "only those of this project"),
  ).action(shell.action((flags: ListFlags) => list(shell, flags)));
}

async function list(shell: Shell, flags: ListFlags): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  const items = await collected(client.auditLog.all({ projectId: flags.project }));
  await shell.out.result({ items }, () =>
    table(
      ["when", "who", "operation", "project", "deletion", "outcome"],
      items.map((one) => [
        one.at,
        one.subject === null ? one.callerKind : `${one.callerKind} ${one.subject}`,
        one.operation,
        one.projectId ?? "",
        one.deletionId ?? "",
        one.outcome,
      ]),
    ),
  );
  return EXIT.done;
}

import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { AUDIT_FIXES } from "../../core/audit.ts";
import { formatDuration } from "../../core/duration.ts";
import { LIMITS } from "../../core/limits.ts";
import { ExpungeError } from "../../core/errors.ts";
import type { CreateAuditJson } from "../../http/schema/index.ts";
import { duration, wholeNumber } from "../arguments.ts";
import { auditReport } from "../audit-report.ts";
import { exitCodeOfAudit, firstFindings, showAudit } from "../audit-view.ts";
import { connect, type ServiceFlags, withService } from "../connect.ts";
import type { ExitCode } from "../exit-codes.ts";
import { write } from "../output.ts";
import type { Shell } from "../shell.ts";
import { untilEnded } from "../until-ended.ts";

interface AuditFlags extends ServiceFlags {
  readonly fix?: (typeof AUDIT_FIXES)[number];
  readonly yes?: true;
  readonly quarantine?: true;
  /** Milliseconds. */
  readonly minAge?: number;
  /** Percent. */
  readonly readDataSubset?: number;
  readonly listingConcurrency?: number;
  readonly ndjson?: true;
  /** A file. */
  readonly html?: string;
  readonly id?: string;
  /** Milliseconds, false for `--no-wait`, absent for as long as it takes. */
  readonly wait?: number | false;
}

export function addAudit(program: Command, shell: Shell): void {
  withService(
    program
      .command("audit")
      .description("compare the store and the rows of all projects, both ways")
      .option(
        "--min-age <duration>",
        "judge nothing younger (default: 1h; 0s: everything)",
        duration,
      )
      .addOption(
        new Option("--fix <what>", "mend what the finished plan names").choices(AUDIT_FIXES),
      )
      .option("--quarantine", "with --fix orphans: keep a copy aside in the project")
      .option("--yes", "do it: nothing is mended without")
      .option("--read-data-subset <percent>", "read so many objects and compare checksums", percent)
      .option(
        "--listing-concurrency <number>",
        `compare so many ranges of keys at a time (default: ${LIMITS.auditListings})`,
        wholeNumber,
      )
      .option("--ndjson", "print every finding, one JSON object per line")
      .option("--html <file>", "write a report with charts, one page that needs nothing else")
      .option("--id <id>", "show this audit, AUDIT-..., instead of beginning one")
      .option("--wait <duration>", "at most so long (default: until it ends)", duration)
      .option("--no-wait", "answer as soon as it is accepted"),
  ).action(shell.action((flags: AuditFlags) => audit(shell, flags)));
}

/** `2%`, `0.5%` or a bare number. */
function percent(text: string): number {
  const value = /^\d{1,3}(\.\d{1,6})?%?$/.test(text) ? Number(text.replace("%", "")) : Number.NaN;
  if (!(value >= 0 && value <= 100)) throw new InvalidArgumentError("Write a percentage: '2%'.");
  return value;
}

async function audit(shell: Shell, flags: AuditFlags): Promise<ExitCode> {
  refuseContradictions(shell, flags);
  const client = await connect(shell.io, flags);
  const begun =
    flags.id === undefined
      ? await client.audits.start(requestOf(flags))
      : await client.audits.get(flags.id);
  const ended = await untilEnded(shell, {
    begun,
    look: (id) => client.audits.get(id),
    goesOn: `the audit goes on without you: expunge audit --id ${begun.id}`,
    wait: flags.wait,
  });
  if (flags.html !== undefined) {
    const report = await auditReport(ended, client.audits.findings(ended.id));
    await writeFile(resolve(shell.io.cwd, flags.html), report);
  }
  if (flags.ndjson) {
    for await (const finding of client.audits.findings(ended.id)) {
      await write(shell.io.stdout, `${JSON.stringify(finding)}\n`);
    }
  } else await showAudit(shell.out, ended, await firstFindings(client, ended.id));
  return exitCodeOfAudit(ended);
}

function refuseContradictions({ out }: Shell, flags: AuditFlags): void {
  if (out.isJson && flags.ndjson) {
    throw new ExpungeError("invalid-request", "--json and --ndjson exclude each other.");
  }
  const mends = flags.fix !== undefined && flags.fix !== "none";
  if (mends && !flags.yes) {
    throw new ExpungeError(
      "confirmation-needed",
      `--fix ${flags.fix} removes for good what the audit's plan names; look at an audit without --fix first, then add --yes.`,
      { details: { flag: "--yes" } },
    );
  }
}

function requestOf({
  fix,
  quarantine,
  minAge,
  readDataSubset,
  listingConcurrency,
}: AuditFlags): CreateAuditJson {
  return {
    ...(fix === undefined ? {} : { fix }),
    ...(quarantine === undefined ? {} : { quarantine }),
    ...(minAge === undefined ? {} : { minAge: formatDuration(minAge) }),
    ...(readDataSubset === undefined ? {} : { readDataPercent: readDataSubset }),
    ...(listingConcurrency === undefined ? {} : { listingConcurrency }),
  };
}

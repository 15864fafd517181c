import type { Command } from "commander";
import { ExpungeError } from "../../core/errors.ts";
import { refuseReckless, type SweepReport, sweepPrefix } from "../../services/sweep.ts";
import { configOptions } from "../connect.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { count, formatBytes, printable, table } from "../output.ts";
import { countingOn } from "../progress.ts";
import type { Shell } from "../shell.ts";
import { findTarget, type SweepTarget } from "../sweep-target.ts";

interface SweepFlags {
  readonly dryRun?: true;
  readonly yes?: true;
  readonly wholeBucket?: true;
  readonly includeExpunge?: true;
  /** False for `--no-boundary`. */
  readonly boundary: boolean;
  readonly root?: string;
}

export function addSweep(program: Command, shell: Shell): void {
  program
    .command("sweep")
    .description("empty a prefix of a store (objects, versions, incomplete uploads) and verify it")
    .argument("<url>", "s3://BUCKET/PREFIX/ or file:DIR/PREFIX/; needs no service")
    .option("--dry-run", "count what is there and change nothing")
    .option("--yes", "do it: nothing is removed without")
    .option(
      "--root <dir>",
      "where a directory's store begins (default: found by its .expunge directory)",
    )
    .option("--whole-bucket", "allow an empty prefix")
    .option("--no-boundary", "allow a prefix that does not end in '/'")
    .option("--include-expunge", "also what expunge keeps for itself")
    .action(shell.closingAction((url: string, flags: SweepFlags) => sweep(shell, url, flags)));
}

async function sweep(shell: Shell, url: string, flags: SweepFlags): Promise<ExitCode> {
  const { io, out } = shell;
  const target = await findTarget(url, { configOptions: configOptions(io), root: flags.root });
  const includeExpunge = flags.includeExpunge ?? false;
  refuseReckless(target.prefix, {
    wholeBucket: flags.wholeBucket ?? false,
    noBoundary: !flags.boundary,
    includeExpunge,
  });
  if (!flags.dryRun && !flags.yes) {
    throw new ExpungeError(
      "confirmation-needed",
      `Everything below '${printable(target.prefix)}' in ${target.root} would be removed for good; look with --dry-run, then add --yes.`,
      { details: { flag: "--yes" } },
    );
  }
  // Not all of `compose.ts`: a sweep needs no service, and starts sooner without one.
  const { openStore } = await import("../../compose/store.ts");
  const { systemClock, systemRandom } = await import("../../compose/system.ts");
  const ports = { clock: systemClock, random: systemRandom };
  const { root, prefix } = target;
  const dryRun = flags.dryRun ?? false;
  const store = await openStore(target.store, { ...ports, asItIs: true });
  const progress = countingOn(out);
  let found = 0;
  const onProgress = (count: number): void => {
    found = count;
    progress.show(count);
  };
  let report: SweepReport;
  try {
    report = await sweepPrefix(
      { ...ports, store },
      { prefix, includeExpunge, dryRun, signal: io.interrupt, onProgress },
    );
  } catch (error) {
    if (!io.interrupt.aborted) throw error;
    await progress.end();
    return await interrupted(shell, { root, prefix, dryRun, interrupted: true, found });
  }
  await progress.end();
  const document = { root, prefix, dryRun, ...report };
  await out.result(document, () => linesOf(target, report, flags));
  return flags.dryRun || report.verified ? EXIT.done : EXIT.residue;
}

/** What was asked for already may still take effect in the store: nothing is said of what is gone. */
async function interrupted(
  { out }: Shell,
  document: { readonly found: number } & Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  await out.result(document, () => [
    `interrupted: ${count(document.found, "object")} found so far; what was asked for may still be removed. Run it again.`,
  ]);
  return EXIT.interrupted;
}

function linesOf(target: SweepTarget, report: SweepReport, flags: SweepFlags): string[] {
  const where = `'${printable(target.prefix)}' in ${target.root}`;
  const found = `${count(report.found, "object")} (${formatBytes(report.bytes)})`;
  const kept =
    report.kept === 0
      ? []
      : [
          `${count(report.kept, "object")} that expunge keeps for itself stay; --include-expunge takes them too`,
        ];
  if (flags.dryRun) return [`plan: ${found} below ${where}; nothing was changed`, ...kept];
  const { list, delete: removals, other } = report.requests;
  const cost = `${list} list, ${removals} delete and ${other} other requests, ${report.seconds} s`;
  if (report.verified) return [`emptied and verified: ${found} below ${where}`, ...kept, cost];
  const rows = report.residue.map(({ key, outcome, code, message }) => [
    key,
    outcome,
    code,
    message,
  ]);
  return [
    ...table(["key", "outcome", "code", "message"], rows),
    "",
    `residue: ${report.deleted} of ${found} below ${where} are gone; ${report.failed} failed, ${report.blocked} blocked, ${report.unknown} unknown`,
    cost,
  ];
}

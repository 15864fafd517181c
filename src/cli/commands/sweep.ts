import { basename, resolve } from "node:path";
import { type Command, Option } from "commander";
import { ExpungeError } from "../../core/errors.ts";
import type { StoreContext } from "../../services/removing.ts";
import {
  refuseReckless,
  type SweepOptions,
  type SweepReport,
  sweepPrefix,
} from "../../services/sweep.ts";
import { sweepFilter } from "../../services/sweep-filter.ts";
import { duration } from "../arguments.ts";
import { confirm } from "../confirm.ts";
import { configOptions } from "../connect.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { count, formatBytes, printable } from "../output.ts";
import { barOn, countingOn } from "../progress.ts";
import type { Shell } from "../shell.ts";
import { SweepFiles, type SweepScope } from "../sweep-files.ts";
import { findTarget, type SweepTarget } from "../sweep-target.ts";
import { sweepLines } from "../sweep-view.ts";

interface SweepFlags {
  readonly dryRun?: true;
  readonly yes?: true;
  readonly wholeBucket?: true;
  readonly includeExpunge?: true;
  /** False for `--no-boundary`. */
  readonly boundary: boolean;
  readonly root?: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly olderThan?: number;
  readonly uploadsOnly?: true;
  readonly versions?: true | "all" | "old";
  readonly report?: string;
  readonly resume?: string;
}

const GLOB = "<glob>";

export function addSweep(program: Command, shell: Shell): void {
  program
    .command("sweep")
    .description("empty a prefix of a store (objects, versions, incomplete uploads) and verify it")
    .argument("<url>", "s3://BUCKET/PREFIX/ or file:DIR/PREFIX/; needs no service")
    .option("--dry-run", "count what is there and change nothing")
    .option("--yes", "do not ask; nothing is removed in a script without")
    .option(
      "--root <dir>",
      "where a directory's store begins (default: found by its .expunge directory)",
    )
    .option("--whole-bucket", "allow an empty prefix")
    .option("--no-boundary", "allow a prefix that does not end in '/'")
    .option("--include-expunge", "also what expunge keeps for itself")
    .option(`--include ${GLOB}`, "only keys that match below the prefix; may be repeated", more, [])
    .option(`--exclude ${GLOB}`, "no key that matches; may be repeated", more, [])
    .option("--older-than <duration>", "only what is that old, such as 30d", duration)
    .option("--uploads-only", "only incomplete uploads")
    .addOption(
      new Option(
        "--versions [which]",
        "all versions, the default; or only those not the newest",
      ).choices(["all", "old"]),
    )
    .option("--report <file>", "write a line of JSON per key, with its outcome, to a new file")
    .option("--resume <file>", "keep the stand in this file, and go on from it after a crash")
    .action(shell.closingAction((url: string, flags: SweepFlags) => sweep(shell, url, flags)));
}

function more(glob: string, globs: readonly string[]): readonly string[] {
  return [...globs, glob];
}

async function sweep(shell: Shell, url: string, flags: SweepFlags): Promise<ExitCode> {
  const { io } = shell;
  refuseUnfit(flags);
  const target = await findTarget(url, { configOptions: configOptions(io), root: flags.root });
  const includeExpunge = flags.includeExpunge ?? false;
  refuseReckless(target.prefix, {
    wholeBucket: flags.wholeBucket ?? false,
    noBoundary: !flags.boundary,
    includeExpunge,
  });
  const isAsked = io.stdin.isTTY === true && io.stderr.isTTY === true;
  if (!flags.dryRun && !flags.yes && !isAsked) {
    throw new ExpungeError(
      "confirmation-needed",
      `What lies below '${printable(target.prefix)}' in ${target.root} would be removed for good; look with --dry-run, then add --yes.`,
      { details: { flag: "--yes" } },
    );
  }
  // Before any file is made: a glob that cannot be read is wrong usage.
  sweepFilter({ ...flags, notAfter: null });
  // Not all of `compose.ts`: a sweep needs no service, and starts sooner without one.
  const { openStore } = await import("../../compose/store.ts");
  const { systemClock, systemRandom } = await import("../../compose/system.ts");
  const ports = { clock: systemClock, random: systemRandom };
  const store = await openStore(target.store, { ...ports, asItIs: true });
  const files = await SweepFiles.open({
    resume: flags.resume === undefined ? undefined : resolve(io.cwd, flags.resume),
    report: flags.report === undefined ? undefined : resolve(io.cwd, flags.report),
    scope: scopeOf(target, flags),
    now: systemClock.now(),
  });
  try {
    return await swept(shell, { target, flags, files, context: { ...ports, store } });
  } finally {
    await files.close();
  }
}

function refuseUnfit({ dryRun, resume, uploadsOnly, versions }: SweepFlags): void {
  const pair =
    dryRun && resume !== undefined
      ? "--resume has nothing to keep in a --dry-run"
      : uploadsOnly && versions
        ? "--uploads-only leaves no versions to --versions"
        : null;
  if (pair !== null) throw new ExpungeError("invalid-request", `${pair}; leave one out.`);
}

function scopeOf({ root, prefix, store }: SweepTarget, flags: SweepFlags): SweepScope {
  return {
    root,
    endpoint: store.kind === "s3" ? (store.endpoint ?? null) : null,
    prefix,
    include: flags.include,
    exclude: flags.exclude,
    olderThanMs: flags.olderThan ?? null,
    only: onlyOf(flags) ?? null,
    includeExpunge: flags.includeExpunge ?? false,
  };
}

function onlyOf({ uploadsOnly, versions }: SweepFlags): SweepOptions["only"] {
  if (uploadsOnly) return "uploads";
  return versions === "old" ? "old-versions" : undefined;
}

interface Sweeping {
  readonly target: SweepTarget;
  readonly flags: SweepFlags;
  readonly files: SweepFiles;
  readonly context: StoreContext;
}

async function swept(shell: Shell, sweeping: Sweeping): Promise<ExitCode> {
  const { io, out } = shell;
  const { target, flags, files, context } = sweeping;
  const { root, prefix } = target;
  const dryRun = flags.dryRun ?? false;
  const only = onlyOf(flags);
  const options: SweepOptions = {
    prefix,
    includeExpunge: flags.includeExpunge ?? false,
    dryRun,
    filter: sweepFilter({
      ...flags,
      notAfter: flags.olderThan === undefined ? null : files.startedAt - flags.olderThan,
    }),
    ...(only && { only }),
    signal: io.interrupt,
  };
  const isDrawn = io.stderr.isTTY === true && !out.isJson;
  let found = 0;
  let progress: { readonly end: () => Promise<void> } = { end: async () => {} };
  const counting = (record?: SweepFiles["record"]): Promise<SweepReport> => {
    const shown = countingOn(out);
    progress = shown;
    const onProgress = (sofar: number): void => shown.show((found = sofar));
    return sweepPrefix(context, {
      ...options,
      ...(record && { record }),
      dryRun: true,
      onProgress,
    });
  };
  let report: SweepReport;
  try {
    const plan =
      dryRun || isDrawn || !flags.yes ? await counting(dryRun ? files.record : undefined) : null;
    await progress.end();
    if (plan && !dryRun && !flags.yes) await ask(shell, target, plan);
    if (plan && dryRun) {
      report = plan;
    } else {
      const bar = barOn(out, { total: totalOf(plan, files), clock: context.clock });
      progress = bar;
      const onProgress = (sofar: number, through: number): void => {
        found = sofar;
        bar.show(through);
      };
      report = await sweepPrefix(context, { ...options, record: files.record, onProgress });
    }
  } catch (error) {
    if (!io.interrupt.aborted) throw error;
    await progress.end();
    return await interrupted(shell, { root, prefix, dryRun, interrupted: true, found });
  }
  await progress.end();
  const document = { root, prefix, dryRun, resumed: files.isResumed, ...report };
  await files.end(document, report.verified);
  await out.result(document, () => sweepLines(target, report, dryRun));
  return dryRun || report.verified ? EXIT.done : EXIT.residue;
}

/** What an earlier process removed is not there any more to be counted. */
function totalOf(plan: SweepReport | null, { record }: SweepFiles): number {
  return (plan?.found ?? 0) + record.from.removed;
}

/** A person types the prefix, or for a whole bucket its name. */
async function ask({ io }: Shell, { root, prefix }: SweepTarget, plan: SweepReport): Promise<void> {
  const what = `${count(plan.found, "object")} (${formatBytes(plan.bytes)})`;
  const where = prefix === "" ? `the whole of ${root}` : `'${printable(prefix)}' in ${root}`;
  const word = prefix === "" ? basename(root) : prefix;
  await confirm(io, `${what} of ${where} will be removed for good.`, word);
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

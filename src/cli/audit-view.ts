import type { ExpungeClient } from "../client/index.ts";
import { LIMITS } from "../core/limits.ts";
import type { AuditJson, FindingJson } from "../http/schema/index.ts";
import { firstOf } from "./collected.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { count, formatBytes, type Output, printable, table } from "./output.ts";
import { countLine, standOf } from "./run-view.ts";

const KINDS = [
  ["residueOfDeleted", "objects of deleted projects"],
  ["orphans", "orphans: no row names the object"],
  ["dangling", "dangling: the row's object is missing"],
  ["mismatched", "mismatched: the object is not what its row says"],
  ["staleUploads", "stale uploads: no row stands for them"],
  ["foreign", "foreign: no layout explains the key"],
] as const;

export function problemsOf(audit: AuditJson): number {
  return KINDS.reduce((sum, [field]) => sum + audit[field], 0);
}

/** What was mended is no problem any more. */
export function exitCodeOfAudit(audit: AuditJson): ExitCode {
  if (audit.state === "running") return EXIT.accepted;
  if (problemsOf(audit) > audit.fixes.fixed) return EXIT.problems;
  return audit.complete ? EXIT.done : EXIT.unreachable;
}

/** The first findings, for people. */
export async function firstFindings(
  client: ExpungeClient,
  id: string,
  limit: number = LIMITS.auditFindingsShown,
): Promise<readonly FindingJson[]> {
  return await firstOf(client.audits.findings(id), limit);
}

export async function showAudit(
  out: Output,
  audit: AuditJson,
  findings: readonly FindingJson[],
): Promise<void> {
  await out.result(audit, () => [
    ...findingLines(audit, findings),
    ...countLines(out, audit),
    ...endLines(out, audit),
  ]);
}

function findingLines(audit: AuditJson, findings: readonly FindingJson[]): readonly string[] {
  if (findings.length === 0) return [];
  const rows = findings.map(({ kind, key, path, outcome, sizeBytes }) => [
    kind,
    key,
    path ?? "",
    outcome ?? "",
    sizeBytes === null ? "" : formatBytes(sizeBytes),
  ]);
  const more = problemsOf(audit) - findings.length;
  return [
    ...table(["finding", "key", "path", "outcome", "size"], rows),
    ...(more > 0 ? [`and ${more} more: expunge audit --id ${audit.id} --ndjson`] : []),
    "",
  ];
}

function countLines(out: Output, audit: AuditJson): readonly string[] {
  return KINDS.map(([field, words]) => {
    const line = countLine(audit[field], words);
    return audit[field] > 0 ? out.style("red", line) : line;
  });
}

function endLines(out: Output, audit: AuditJson): readonly string[] {
  const { objects, rows, seconds, fixes, unknown, young, orphanBytes, quarantined } = audit;
  const compared = `${count(objects, "object")} against ${count(rows, "row")} in ${seconds} s`;
  const incomplete = "not complete, so that nothing missing means nothing";
  const mended = `mended: ${fixes.fixed}; spared, because they changed: ${fixes.spared}; failed: ${fixes.failed}`;
  return [
    "",
    `${audit.id} ${standOf(out, audit, compared, incomplete)}`,
    ...(orphanBytes > 0 ? [`${formatBytes(orphanBytes)} lie there that no row names`] : []),
    ...(quarantined > 0
      ? [`${count(quarantined, "object")} (${formatBytes(audit.quarantinedBytes)}) in quarantine`]
      : []),
    ...(young > 0
      ? [`${count(young, "difference")} younger than ${audit.minAge}: not judged`]
      : []),
    ...(unknown > 0 ? [`${count(unknown, "difference")} could not be looked at again`] : []),
    ...audit.unjudged.map(
      ({ surface, code, message }) =>
        `${surface} could not be judged (${code}): ${printable(message)}`,
    ),
    ...(audit.fix === "none" ? [] : [mended]),
  ];
}

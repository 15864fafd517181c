import { type Audit, isComplete } from "../core/audit.ts";
import { formatDuration } from "../core/duration.ts";
import type { Instant } from "../core/model.ts";
import { timestamp } from "../core/receipt.ts";
import type { FindingView } from "../services/audit/audits.ts";
import { secondsOf, stateOf, timesOf } from "./run-view.ts";
import type { AuditJson, FindingJson } from "./schema/audit.ts";

/** @param now by the database's clock, for one that has not ended */
export function auditView(audit: Audit, now: Instant): AuditJson {
  const { progress } = audit;
  return {
    id: audit.id,
    state: stateOf(audit),
    fix: audit.fix,
    quarantine: audit.quarantine,
    minAge: formatDuration(audit.minAgeMs),
    readDataPercent: audit.readPercent,
    listingConcurrency: audit.listingConcurrency,
    ...timesOf(audit),
    complete: audit.completedAt !== null && isComplete(progress),
    ...progress.counts,
    seconds: secondsOf(audit, now),
    unjudged: progress.unjudged.map((one) => ({ ...one })),
    fixes: { ...progress.fixes },
  };
}

export function findingView(finding: FindingView): FindingJson {
  const { kind, key, projectUid, path, uploadId, sizeBytes, rowBytes } = finding;
  return {
    kind,
    key,
    projectUid,
    path,
    uploadId,
    sizeBytes,
    rowBytes,
    modifiedAt: timestamp(finding.modifiedAt),
    mismatch: finding.mismatch,
    outcome: finding.outcome,
    code: finding.code,
  };
}

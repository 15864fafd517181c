import { type AuditCounts, type Finding, isYoung } from "../../core/audit.ts";
import { LIMITS } from "../../core/limits.ts";
import type { UploadEntry } from "../../ports/object-store.ts";
import type { Context } from "../context.ts";
import { uploadPages } from "../listing.ts";
import { inPool } from "../pool.ts";
import { isUploadOpen, orUnknown } from "../presence.ts";
import { type Judge, type Judgement, NO_ROW, Owners } from "./judging.ts";

export type UploadJudge = Judge & { readonly context: Judge["context"] & Pick<Context, "clock"> };

/**
 * Incomplete uploads that no row stands for, page by page. The store opens an upload before its row is
 * written; so what has no row is looked at again after longer than that takes: the rows, then the store.
 * @throws StoreError where uploads cannot be listed
 */
export async function* staleUploads(judge: UploadJudge): AsyncGenerator<Judgement> {
  const { context, signal } = judge;
  for await (const entries of uploadPages(context, "", signal)) {
    const unknown = await withoutRow(judge, entries);
    const old = unknown.filter(({ initiatedAt }) => !isYoung(judge.age, initiatedAt));
    const counts: Partial<AuditCounts> = { young: unknown.length - old.length };
    if (old.length === 0) {
      yield { findings: [], counts };
      continue;
    }
    await context.clock.sleep(LIMITS.auditUploadPauseMs, signal);
    const judged = await stillOpen(judge, await withoutRow(judge, old));
    yield { findings: judged.findings, counts: { ...counts, ...judged.counts } };
  }
}

async function withoutRow(
  { context }: UploadJudge,
  entries: readonly UploadEntry[],
): Promise<readonly UploadEntry[]> {
  const standing = await context.metadata.whichUploadsStand(
    entries.map(({ uploadId }) => uploadId),
  );
  return entries.filter(({ uploadId }) => !standing.has(uploadId));
}

async function stillOpen(judge: UploadJudge, entries: readonly UploadEntry[]): Promise<Judgement> {
  const findings: Finding[] = [];
  let unknown = 0;
  const owners = new Owners(judge);
  const { context, signal } = judge;
  await inPool(LIMITS.auditLooksInFlight, async (add) => {
    for (const { key, uploadId, initiatedAt } of entries) {
      const { state, projectUid } = await owners.of(key);
      // Its fence ends every upload, and looks (R2).
      if (state === "deleting") continue;
      await add(async () => {
        const open = await orUnknown(isUploadOpen(context, key, uploadId, signal), signal);
        if (open === null) unknown++;
        if (!open) return;
        findings.push({
          ...NO_ROW,
          kind: "stale-upload",
          key,
          uploadId,
          projectUid,
          sizeBytes: null,
          modifiedAt: initiatedAt,
        });
      });
    }
  });
  return { findings, counts: { unknown } };
}

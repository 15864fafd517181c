import {
  addCounts,
  type Audit,
  type AuditCounts,
  type AuditProgress,
  type AuditRange,
  countFindings,
  type Finding,
  isComplete,
  type KeyOrder,
  NO_COUNTS,
  type Unjudged,
} from "../../core/audit.ts";
import { messageOf } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { isStoreError } from "../../core/store-errors.ts";
import type { Log } from "../../ports/log.ts";
import type { AuditClaim, AuditStep } from "../../ports/metadata/index.ts";
import { carryOut } from "../carry-out.ts";
import type { Context } from "../context.ts";
import { inPool } from "../pool.ts";
import { listsUploads } from "../versions.ts";
import type { Pair } from "./join.ts";
import { type Judge, judgePairs, type Judgement } from "./judging.ts";
import { FIXED_KINDS, mend } from "./mending.ts";
import { rangesOf } from "./ranges.ts";
import { readSample } from "./reading.ts";
import { stretchesOf } from "./stretches.ts";
import { staleUploads } from "./uploads.ts";

/**
 * The `audit` job: goes on where the audit was left, by whichever process. Each stretch of keys is
 * written down with what was found in it, in one transaction; so nothing counts twice after a crash.
 */
export async function runAudit(
  context: Context,
  auditId: string,
  outer: AbortSignal,
): Promise<void> {
  const { metadata } = context;
  const claim = await metadata.claimAudit(auditId, LIMITS.leaseMs);
  if (!claim) return;
  const { token } = claim;
  const log = context.log.child({ audit: auditId });
  const extend = (): Promise<boolean> => metadata.extendAudit(auditId, token, LIMITS.leaseMs);
  const release = (): Promise<void> => metadata.releaseAudit(auditId, token);
  await carryOut(context, { token, extend, release, log }, outer, async (signal) => {
    await new AuditRun(context, claim, log, signal).go();
  });
}

/** One worker's work on one audit. */
class AuditRun {
  readonly #context: Context;
  readonly #audit: Audit;
  readonly #token: number;
  readonly #log: Log;
  readonly #signal: AbortSignal;
  #progress: AuditProgress;
  /** The step that is being written: one after the other, each with what all before it have done. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(context: Context, { audit, token }: AuditClaim, log: Log, signal: AbortSignal) {
    this.#context = context;
    this.#audit = audit;
    this.#token = token;
    this.#log = log;
    this.#signal = signal;
    this.#progress = audit.progress;
  }

  async go(): Promise<void> {
    const { attempts } = this.#audit;
    if (attempts > LIMITS.auditAttemptsMax) {
      const message = `It broke off ${attempts - 1} times; the log says why.`;
      return await this.#end([{ surface: "objects", code: "internal", message }]);
    }
    this.#log.info({ attempts }, "audit goes on");
    const unjudged = [
      ...(await this.#unlessRefused("objects", () => this.#compare())),
      ...(await this.#unlessRefused("uploads", () => this.#lookAtUploads())),
    ];
    if (unjudged.length === 0 && isComplete(this.#progress)) await this.#mend();
    await this.#end(unjudged);
  }

  /** The plan is complete: its findings are mended page by page, each page's outcomes at once. */
  async #mend(): Promise<void> {
    const { id, fix, quarantine } = this.#audit;
    const kinds = FIXED_KINDS[fix];
    if (kinds.length === 0) return;
    const { order } = await this.#judge();
    const query = { kinds, isOpen: true, limit: LIMITS.auditFixKeys };
    for (;;) {
      const findings = await this.#context.metadata.listFindings(id, query);
      if (findings.length === 0) return;
      const outcomes = await mend(this.#context, { order, quarantine }, findings, this.#signal);
      const fixes = { ...this.#progress.fixes };
      for (const { outcome } of outcomes) if (outcome !== null) fixes[outcome]++;
      await this.#write({ fixes }, { outcomes });
      this.#log.info({ fix, ...fixes }, "findings mended");
    }
  }

  /** What the store refuses keeps nothing else from being judged. */
  async #unlessRefused(
    surface: Unjudged["surface"],
    work: () => Promise<void>,
  ): Promise<readonly Unjudged[]> {
    try {
      await work();
      return [];
    } catch (error) {
      if (!isStoreError(error)) throw error;
      this.#signal.throwIfAborted();
      this.#log.error({ err: error, surface }, "a surface could not be listed: it is not judged");
      return [{ surface, code: error.code, message: messageOf(error) }];
    }
  }

  /** Ranges of keys beside each other; where one cannot be listed or written down, all stop. */
  async #compare(): Promise<void> {
    const { metadata } = this.#context;
    const { listingConcurrency } = this.#audit;
    if (this.#progress.ranges.length === 0) {
      await this.#write({ ranges: await rangesOf(metadata, listingConcurrency) });
    }
    const stop = new AbortController();
    const judge = await this.#judge(AbortSignal.any([this.#signal, stop.signal]));
    await inPool(listingConcurrency, async (add) => {
      for (const [i, range] of this.#progress.ranges.entries()) {
        if (range.isDone) continue;
        await add(async () => {
          try {
            await this.#compareRange(judge, i, range);
          } catch (error) {
            stop.abort(error);
            // The reason is the first failure, whatever it then broke off.
            stop.signal.throwIfAborted();
          }
        });
      }
    });
  }

  async #compareRange(judge: Judge, at: number, range: AuditRange): Promise<void> {
    const { store, metadata } = this.#context;
    const stretches = stretchesOf({ store, metadata }, judge.order, range, judge.signal);
    for await (const { from, pairs, to } of stretches) {
      const judged = await judgePairs(judge, from.objectKey, pairs);
      const read = await readSample(judge, this.#audit, pairs);
      const counts = addCounts(addCounts(seenIn(pairs), judged.counts), read.counts);
      const findings = [...judged.findings, ...read.findings];
      await this.#record({ findings, counts }, (progress) =>
        withRange(progress, at, { ...range, from: to }),
      );
    }
    await this.#record({ findings: [], counts: {} }, (progress) =>
      withRange(progress, at, { ...range, isDone: true }),
    );
  }

  async #lookAtUploads(): Promise<void> {
    if (this.#progress.areUploadsListed) return;
    const { counts } = this.#progress;
    // From the start again where an earlier run had begun: a listing of uploads has no place in the order.
    if (counts.staleUploads > 0) {
      await this.#write({ counts: { ...counts, staleUploads: 0 } }, { forgets: "stale-upload" });
    }
    if (await listsUploads(this.#context, this.#signal)) {
      const judge = { ...(await this.#judge()), context: this.#context };
      for await (const judged of staleUploads(judge)) await this.#record(judged);
    }
    await this.#write({ areUploadsListed: true });
  }

  async #end(unjudged: readonly Unjudged[]): Promise<void> {
    const { progress } = await this.#write({ unjudged }, { isLast: true });
    const facts = { counts: progress.counts, complete: isComplete(progress) };
    if (facts.complete) this.#log.info(facts, "audit ended");
    else this.#log.error({ ...facts, unjudged }, "audit ended, not complete");
  }

  async #judge(signal = this.#signal): Promise<Judge> {
    const { store } = this.#context;
    const { keyNormalisation } = await store.capabilities({ signal });
    const order: KeyOrder = { normalisation: keyNormalisation };
    const { requestedAt: startedAt, minAgeMs } = this.#audit;
    return {
      context: this.#context,
      order,
      age: { startedAt, minAgeMs },
      signal,
    };
  }

  /** Adds what one stretch or page showed, and writes it down with how far that is. */
  async #record(
    { findings, counts }: Judgement,
    move: (progress: AuditProgress) => AuditProgress = (progress) => progress,
  ): Promise<void> {
    await this.#step(findings, (progress) => ({
      ...move(progress),
      counts: countFindings(addCounts(progress.counts, counts), findings),
    }));
  }

  async #write(
    changes: Partial<AuditProgress>,
    step: Pick<AuditStep, "forgets" | "isLast" | "outcomes"> = {},
  ): Promise<Audit> {
    return await this.#step([], (progress) => ({ ...progress, ...changes }), step);
  }

  #step(
    findings: readonly Finding[],
    change: (progress: AuditProgress) => AuditProgress,
    step: Pick<AuditStep, "forgets" | "isLast" | "outcomes"> = {},
  ): Promise<Audit> {
    const write = async (): Promise<Audit> => {
      this.#signal.throwIfAborted();
      const progress = change(this.#progress);
      const { metadata } = this.#context;
      const audit = await metadata.recordAudit(this.#audit.id, this.#token, {
        progress,
        findings,
        ...step,
      });
      this.#progress = progress;
      return audit;
    };
    const written = this.#writing.then(write);
    this.#writing = written.catch(() => undefined);
    return written;
  }
}

function seenIn(pairs: readonly Pair[]): AuditCounts {
  let [objects, bytes, rows] = [0, 0, 0];
  for (const { object, row, isNewObject } of pairs) {
    if (row !== null) rows++;
    if (object === null || !isNewObject) continue;
    objects++;
    bytes += object.sizeBytes;
  }
  return { ...NO_COUNTS, objects, bytes, rows };
}

function withRange(progress: AuditProgress, at: number, range: AuditRange): AuditProgress {
  return { ...progress, ranges: progress.ranges.with(at, range) };
}

import type { Audit, AuditFix } from "../../core/audit.ts";
import { type Caller, requireRight } from "../../core/caller.ts";
import { ExpungeError } from "../../core/errors.ts";
import { makeAuditId } from "../../core/ids.ts";
import { LIMITS } from "../../core/limits.ts";
import type { StoredFinding } from "../../ports/metadata/index.ts";
import type { Context } from "../context.ts";
import { type Listed, pageOf } from "../projects.ts";

export interface NewAudit {
  readonly fix?: AuditFix;
  /** Puts orphans aside in their project instead of removing them; only where `fix` is `orphans`. */
  readonly quarantine?: boolean;
  /** Younger differences are not judged; 0 judges everything. An hour where nothing is said. */
  readonly minAgeMs?: number;
  /** Of the objects with a checksum, how many are read and compared with it, in percent. */
  readonly readPercent?: number;
  /** How many ranges of keys are listed at a time; `LIMITS.auditListings` where nothing is said. */
  readonly listingConcurrency?: number;
}

/** A finding as callers see it. */
export interface FindingView extends StoredFinding {
  /** The file's path, where the row that is meant is there still. */
  readonly path: string | null;
}

/** Comparisons of store and rows, of all projects; for administrators. */
export class Audits {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Begins an audit; a worker carries it out. @throws ExpungeError `invalid-request` */
  async start(caller: Caller, input: NewAudit): Promise<Audit> {
    requireRight(caller, "admin");
    const { metadata, random, jobs, log } = this.#context;
    const { fix = "none", quarantine = false } = input;
    if (quarantine && fix !== "orphans") {
      throw new ExpungeError("invalid-request", "Only orphans can be put in quarantine.");
    }
    await metadata.forgetAudits(LIMITS.auditKeepMs);
    const audit = await metadata.createAudit({
      id: makeAuditId(random.bytes(12)),
      requestedBy: caller.subject,
      fix,
      quarantine,
      minAgeMs: input.minAgeMs ?? LIMITS.auditMinAgeMs,
      readPercent: input.readPercent ?? 0,
      listingConcurrency: input.listingConcurrency ?? LIMITS.auditListings,
    });
    const { id, minAgeMs, readPercent } = audit;
    log
      .child({ audit: id })
      .info({ by: caller.subject, fix, quarantine, minAgeMs, readPercent }, "audit begins");
    await jobs.enqueue("audit", { auditId: id }, { key: id });
    return audit;
  }

  /** @throws ExpungeError `audit-not-found` */
  async get(caller: Caller, id: string): Promise<Audit> {
    requireRight(caller, "admin");
    const audit = await this.#context.metadata.findAudit(id);
    if (!audit) throw new ExpungeError("audit-not-found", "There is no such audit.");
    return audit;
  }

  /** All that are remembered, newest first. @throws ExpungeError `forbidden` */
  async list(
    caller: Caller,
    query: { readonly limit: number; readonly after?: string },
  ): Promise<Listed<Audit>> {
    requireRight(caller, "admin");
    const items = await this.#context.metadata.listAudits({ ...query, limit: query.limit + 1 });
    return pageOf(items, query.limit, ({ id }) => id);
  }

  /** Everything that was found so far, in order. @throws ExpungeError `audit-not-found` */
  async *findings(caller: Caller, id: string): AsyncGenerator<FindingView> {
    await this.get(caller, id);
    const { metadata } = this.#context;
    let after = 0;
    for (;;) {
      const page = await metadata.listFindings(id, { limit: LIMITS.auditPageRows, after });
      if (page.length === 0) return;
      const named = page.filter(({ fileUid }) => fileUid !== null);
      const rows = await metadata.findStoredFiles(named.map(({ key }) => key));
      const paths = new Map(rows.map(({ fileUid, path }) => [fileUid, path]));
      for (const finding of page) {
        yield { ...finding, path: paths.get(finding.fileUid ?? "") ?? null };
      }
      after = page.at(-1)?.ordinal ?? after;
    }
  }

  /** The database's time, by which an audit that runs is measured. */
  async now(): Promise<number> {
    return await this.#context.metadata.now();
  }
}

import { type Caller, requireRight } from "../core/caller.ts";
import { itemAt } from "../core/item-at.ts";
import { LIMITS } from "../core/limits.ts";
import type { AuditEntry, AuditRecord } from "../ports/metadata/index.ts";
import type { Context } from "./context.ts";

export interface AuditPage {
  readonly items: readonly AuditEntry[];
  /** The sequence after which the next page begins; null at the end. */
  readonly next: number | null;
}

interface Waiting {
  readonly record: AuditRecord;
  readonly done: () => void;
}

/** Who asked for which change, and what became of it; and who was not let in. */
export class AuditLog {
  readonly #context: Context;
  #waiting: Waiting[] = [];
  #isWriting = false;
  #minuteBegan = Number.NEGATIVE_INFINITY;
  #strangers = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * Resolves when the record is durable. What comes while others are written is written together. It
   * never fails: what it tells of has happened, so the caller's answer stands, and the log says what the
   * audit log lacks (I12).
   */
  async record(record: AuditRecord): Promise<void> {
    if (record.callerKind === "none" && !this.#hasRoomForStranger(record)) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push({ record, done: resolve });
      if (!this.#isWriting) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    const { metadata, log } = this.#context;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, LIMITS.auditBatchEntries);
      try {
        await metadata.appendAudit(batch.map(({ record }) => record));
      } catch (error) {
        for (const { record } of batch) {
          log.error({ ...record, err: error }, "this is missing in the audit log");
        }
      }
      for (const { done } of batch) done();
    }
    this.#isWriting = false;
  }

  /** Whoever has no token must not fill the database: beyond a rate the log alone has it. */
  #hasRoomForStranger({ operation, outcome, requestId }: AuditRecord): boolean {
    const now = this.#context.clock.now();
    if (now - this.#minuteBegan >= LIMITS.auditStrangersEveryMs) {
      this.#minuteBegan = now;
      this.#strangers = 0;
    }
    if (++this.#strangers <= LIMITS.auditStrangersMax) return true;
    const fields = { operation, outcome, requestId };
    this.#context.log.warn(fields, "too many strangers: not in the audit log");
    return false;
  }

  /** Newest first. @throws ExpungeError `forbidden` */
  async list(
    caller: Caller,
    { limit, ...query }: { projectId?: string; limit: number; after?: number },
  ): Promise<AuditPage> {
    requireRight(caller, "admin");
    const found = await this.#context.metadata.listAudit({ ...query, limit: limit + 1 });
    const next = found.length > limit ? itemAt(found, limit - 1).sequence : null;
    return { items: found.slice(0, limit), next };
  }
}

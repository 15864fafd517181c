import type { Instant } from "../../core/model.ts";
import type { AuditLogStore } from "./audit-log.ts";
import type { BacklogStore } from "./backlog.ts";
import type { CdnStore } from "./cdn.ts";
import type { AuditStore } from "./audits.ts";
import type { DeletionStore } from "./deletions.ts";
import type { FileStore } from "./files.ts";
import type { IdempotencyStore } from "./idempotency.ts";
import type { ProjectStore } from "./projects.ts";
import type { ReceiptStore } from "./receipts.ts";
import type { RelayoutStore } from "./relayouts.ts";
import type { RunStore } from "./runs.ts";
import type { SessionStore } from "./sessions.ts";
import type { SettleStore } from "./settles.ts";
import type { StoreBinding } from "./store-binding.ts";
import type { SweepStore } from "./sweeps.ts";
import type { TombstoneStore } from "./tombstones.ts";
import type { TokenStore } from "./tokens.ts";
import type { UploadStore } from "./uploads.ts";
import type { WebhookStore } from "./webhooks.ts";

/**
 * What expunge knows. Every method is one atomic operation: it happens whole or not at all, and its
 * effect is durable when it answers. No SQL and no driver type crosses this port. Errors that a
 * caller can mend are `ExpungeError`s; anything else means that the outcome is not known, and the
 * caller reads again before it acts. `DatabaseError` is one that may pass.
 */
export interface MetadataStore
  extends
    ProjectStore,
    FileStore,
    UploadStore,
    DeletionStore,
    CdnStore,
    SettleStore,
    TombstoneStore,
    ReceiptStore,
    BacklogStore,
    IdempotencyStore,
    AuditStore,
    RunStore,
    RelayoutStore,
    StoreBinding,
    SessionStore,
    TokenStore,
    SweepStore,
    WebhookStore,
    AuditLogStore {
  /** The database's clock, which alone decides (R8). */
  now(): Promise<Instant>;
  close(): Promise<void>;
}

export * from "./audit-log.ts";
export * from "./backlog.ts";
export * from "./cdn.ts";
export * from "./audits.ts";
export * from "./deletions.ts";
export * from "./files.ts";
export * from "./idempotency.ts";
export * from "./projects.ts";
export * from "./receipts.ts";
export * from "./relayouts.ts";
export * from "./runs.ts";
export * from "./sessions.ts";
export * from "./settles.ts";
export * from "./store-binding.ts";
export * from "./sweeps.ts";
export * from "./tombstones.ts";
export * from "./tokens.ts";
export * from "./uploads.ts";
export * from "./webhooks.ts";

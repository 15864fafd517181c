/**
 * The public API: what stands here is kept stable, and nothing else is. The operations take a `Caller`,
 * so that an application decides who may do what.
 */
import type { FastifyInstance } from "fastify";
import { composeService, openLog } from "./compose.ts";
import { type ConfigOptions, loadConfig } from "./config.ts";
import type { Log } from "./ports/log.ts";
import type { Services } from "./services/index.ts";

/** Where the settings come from, and where events go. */
export interface ExpungeOptions extends ConfigOptions {
  /** Where events are written; standard error, warnings and worse, by default. */
  readonly log?: Log;
}

/** The service in this process: its operations, and how it is closed. */
export interface Expunge extends Services, AsyncDisposable {
  /** What the HTTP face takes as the admin's bearer token. */
  readonly adminToken: string;
  /** The HTTP face as a Fastify instance, not listening yet: for `listen`, or to be mounted. */
  app(): Promise<FastifyInstance>;
  /** Stops the work and closes what was opened; a deletion goes on at the next start. Idempotent. */
  close(): Promise<void>;
}

/**
 * The whole service in this process: database, store, workers and operations, already at work. Close it,
 * or declare it with `await using`: on the embedded database only one process can have it open.
 * @throws ExpungeError `invalid-config`, `data-dir-locked`, `store-unusable`, `store-mismatch`, ...
 */
export async function createExpunge(options: ExpungeOptions = {}): Promise<Expunge> {
  const config = await loadConfig(options);
  const log = options.log ?? openLog({ level: "warn" });
  const running = await composeService(config, { log });
  try {
    await running.start();
  } catch (error) {
    await running.close();
    throw error;
  }
  return {
    ...running.services,
    adminToken: running.adminToken,
    app: () => running.app(),
    close: () => running.close(),
    [Symbol.asyncDispose]: () => running.close(),
  };
}

export * from "./engine.ts";
export { openReceiptSigner, readReceipt } from "./compose/receipt-signer.ts";
export {
  openFileStore,
  openMemoryStore,
  openS3Store,
  type S3StoreSettings,
} from "./compose/stores.ts";
export type { ConfigFile, ConfigOptions, Environment, Overrides, SettingName } from "./config.ts";
export type { CdnMode } from "./core/cdn.ts";
export { type Caller, type Right, RIGHTS } from "./core/caller.ts";
export { DatabaseError, type DatabaseErrorCode } from "./core/database-errors.ts";
export type { Deletion, DeletionState, FileRow, Project, ProjectState } from "./core/model.ts";
export { parseReceipt, type ReceiptCdn, type ReceiptPayload } from "./core/receipt.ts";
export type { BulkDeletions } from "./services/bulk-deletions.ts";
export type { Debug } from "./services/debug.ts";
export type { Deletions, DeleteProject, RequestDeletion } from "./services/deletions.ts";
export type { Files } from "./services/files/files.ts";
export type { SignedUrls } from "./services/files/signed-urls.ts";
export type { Services } from "./services/index.ts";
export type { Monitor } from "./services/monitor.ts";
export type { PrefixSweeps } from "./services/prefix-sweeps.ts";
export type { Projects } from "./services/projects.ts";
export type { Receipts } from "./services/receipts.ts";
export type { Sessions } from "./services/sessions.ts";
export type { Tokens } from "./services/tokens.ts";
export type { Uploads } from "./services/uploads/uploads.ts";
export { VERSION } from "./version.ts";

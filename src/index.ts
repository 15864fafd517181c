/**
 * The public API: what stands here is kept stable, and nothing else is. The operations take a `Caller`,
 * so that an application decides who may do what.
 */
import { composeService, openLog, type Running } from "./compose.ts";
import { type ConfigOptions, loadConfig } from "./config.ts";
import type { Log } from "./ports/log.ts";

export interface ExpungeOptions extends ConfigOptions {
  /** Where events are written; standard error, warnings and worse, by default. */
  readonly log?: Log;
}

/**
 * The whole service in this process: database, store, workers and the operations in `services`. Call
 * `start` so that deletions are worked on, and `close` at the end.
 * @throws ExpungeError `invalid-config`, `data-dir-locked`, ...
 */
export async function createExpunge(options: ExpungeOptions = {}): Promise<Running> {
  const config = await loadConfig(options);
  return await composeService(config, { log: options.log ?? openLog({ level: "warn" }) });
}

export * from "./engine.ts";
export type { Running } from "./compose.ts";
export { openReceiptSigner, readReceipt } from "./compose/receipt-signer.ts";
export {
  openFileStore,
  openMemoryStore,
  openS3Store,
  type S3StoreSettings,
} from "./compose/stores.ts";
export type { Config, ConfigFile, ConfigOptions } from "./config.ts";
export { type Caller, type Right, RIGHTS } from "./core/caller.ts";
export { DatabaseError, type DatabaseErrorCode } from "./core/database-errors.ts";
export type { Deletion, DeletionState, FileRow, Project, ProjectState } from "./core/model.ts";
export { parseReceipt, type ReceiptPayload } from "./core/receipt.ts";
export type { Services } from "./services/index.ts";
export { VERSION } from "./version.ts";

import type * as port from "../../../ports/metadata/index.ts";
import { MemoryDeletionCalls } from "./deletion-calls.ts";
import * as storedFiles from "./stored-files.ts";

/** The part of the metadata port that audits use. */
export abstract class MemoryAuditCalls extends MemoryDeletionCalls implements port.AuditStore {
  async listStoredFiles(query: port.StoredFileQuery): Promise<readonly port.StoredFile[]> {
    return this.run((tx) => storedFiles.listStoredFiles(tx, query));
  }
  async findStoredFiles(keys: readonly string[]): Promise<readonly port.StoredFile[]> {
    return this.run((tx) => storedFiles.findStoredFiles(tx, keys));
  }
  async whichNamed(keys: readonly string[]): Promise<ReadonlySet<string>> {
    return this.run((tx) => storedFiles.whichNamed(tx, keys));
  }
  async whichUploadsStand(storeUploadIds: readonly string[]): Promise<ReadonlySet<string>> {
    return this.run((tx) => storedFiles.whichUploadsStand(tx, storeUploadIds));
  }
}

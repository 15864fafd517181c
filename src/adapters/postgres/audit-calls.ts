import type * as port from "../../ports/metadata/index.ts";
import { DeletionCalls } from "./deletion-calls.ts";
import * as storedFiles from "./stored-files.ts";

/** The part of the metadata port that audits use. */
export abstract class AuditCalls extends DeletionCalls implements port.AuditStore {
  listStoredFiles(query: port.StoredFileQuery): Promise<readonly port.StoredFile[]> {
    return this.read((tx) => storedFiles.listStoredFiles(tx, query));
  }
  findStoredFiles(keys: readonly string[]): Promise<readonly port.StoredFile[]> {
    return this.read((tx) => storedFiles.findStoredFiles(tx, keys));
  }
  whichNamed(keys: readonly string[]): Promise<ReadonlySet<string>> {
    return this.read((tx) => storedFiles.whichNamed(tx, keys));
  }
  whichUploadsStand(storeUploadIds: readonly string[]): Promise<ReadonlySet<string>> {
    return this.read((tx) => storedFiles.whichUploadsStand(tx, storeUploadIds));
  }
}

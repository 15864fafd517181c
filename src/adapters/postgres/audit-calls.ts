import type * as port from "../../ports/metadata/index.ts";
import type { Audit } from "../../core/audit.ts";
import * as audits from "./audits.ts";
import { WebhookCalls } from "./webhook-calls.ts";
import * as storedFiles from "./stored-files.ts";

/** The part of the metadata port that audits use. */
export abstract class AuditCalls extends WebhookCalls implements port.AuditStore {
  createAudit(request: port.AuditRequest): Promise<Audit> {
    return this.transact((tx) => audits.createAudit(tx, request));
  }
  findAudit(id: string): Promise<Audit | null> {
    return this.read((tx) => audits.findAudit(tx, id));
  }
  listAudits(query: port.AuditListQuery): Promise<readonly Audit[]> {
    return this.read((tx) => audits.listAudits(tx, query));
  }
  dueAudits(limit: number): Promise<readonly string[]> {
    return this.read((tx) => audits.dueAudits(tx, limit));
  }
  claimAudit(id: string, leaseMs: number): Promise<port.AuditClaim | null> {
    return this.transact((tx) => audits.claimAudit(tx, id, leaseMs));
  }
  extendAudit(id: string, token: number, leaseMs: number): Promise<boolean> {
    return this.transact((tx) => audits.extendAudit(tx, id, token, leaseMs));
  }
  releaseAudit(id: string, token: number): Promise<void> {
    return this.transact((tx) => audits.releaseAudit(tx, id, token));
  }
  recordAudit(id: string, token: number, step: port.AuditStep): Promise<Audit> {
    return this.insert(step.findings?.length ?? 0, (tx) => audits.recordAudit(tx, id, token, step));
  }
  listFindings(id: string, query: port.FindingQuery): Promise<readonly port.StoredFinding[]> {
    return this.read((tx) => audits.listFindings(tx, id, query));
  }
  forgetAudits(keptMs: number): Promise<number> {
    return this.transact((tx) => audits.forgetAudits(tx, keptMs));
  }
  listStoredFiles(query: port.StoredFileQuery): Promise<readonly port.StoredFile[]> {
    return this.read((tx) => storedFiles.listStoredFiles(tx, query));
  }
  splitStoredKeys(query: port.SplitQuery): Promise<readonly string[]> {
    return this.read((tx) => storedFiles.splitStoredKeys(tx, query));
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

import type * as port from "../../../ports/metadata/index.ts";
import type { Audit } from "../../../core/audit.ts";
import * as audits from "./audits.ts";
import { MemoryWebhookCalls } from "./webhook-calls.ts";
import * as storedFiles from "./stored-files.ts";

/** The part of the metadata port that audits use. */
export abstract class MemoryAuditCalls extends MemoryWebhookCalls implements port.AuditStore {
  async createAudit(request: port.AuditRequest): Promise<Audit> {
    return this.run((tx) => audits.createAudit(tx, request));
  }
  async findAudit(id: string): Promise<Audit | null> {
    return this.run((tx) => audits.findAudit(tx, id));
  }
  async listAudits(query: port.AuditListQuery): Promise<readonly Audit[]> {
    return this.run((tx) => audits.listAudits(tx, query));
  }
  async dueAudits(limit: number): Promise<readonly string[]> {
    return this.run((tx) => audits.dueAudits(tx, limit));
  }
  async claimAudit(id: string, leaseMs: number): Promise<port.AuditClaim | null> {
    return this.run((tx) => audits.claimAudit(tx, id, leaseMs));
  }
  async extendAudit(id: string, token: number, leaseMs: number): Promise<boolean> {
    return this.run((tx) => audits.extendAudit(tx, id, token, leaseMs));
  }
  async releaseAudit(id: string, token: number): Promise<void> {
    this.run((tx) => audits.releaseAudit(tx, id, token));
  }
  async recordAudit(id: string, token: number, step: port.AuditStep): Promise<Audit> {
    return this.run((tx) => audits.recordAudit(tx, id, token, step));
  }
  async listFindings(id: string, query: port.FindingQuery): Promise<readonly port.StoredFinding[]> {
    return this.run((tx) => audits.listFindings(tx, id, query));
  }
  async forgetAudits(keptMs: number): Promise<number> {
    return this.run((tx) => audits.forgetAudits(tx, keptMs));
  }
  async listStoredFiles(query: port.StoredFileQuery): Promise<readonly port.StoredFile[]> {
    return this.run((tx) => storedFiles.listStoredFiles(tx, query));
  }
  async splitStoredKeys(query: port.SplitQuery): Promise<readonly string[]> {
    return this.run((tx) => storedFiles.splitStoredKeys(tx, query));
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

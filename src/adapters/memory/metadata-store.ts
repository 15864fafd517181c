import type { ApiToken, Session } from "../../core/credentials.ts";
import type { FileRow, Hold, Instant, Project, Upload } from "../../core/model.ts";
import type * as port from "../../ports/metadata/index.ts";
import type { PublicKey } from "../../ports/signer.ts";
import { backlog } from "./metadata/backlog.ts";
import { MemoryRunCalls } from "./metadata/run-calls.ts";
import * as files from "./metadata/files.ts";
import { findIdempotent } from "./metadata/idempotency.ts";
import * as projects from "./metadata/projects.ts";
import * as receipts from "./metadata/receipts.ts";
import * as sessions from "./metadata/sessions.ts";
import * as tokens from "./metadata/tokens.ts";
import * as sweeps from "./metadata/sweeps.ts";
import * as uploads from "./metadata/uploads.ts";

/**
 * The executable specification of the metadata port, and what the simulation runs on. The clock given
 * is the database's clock (R8). Every operation does all its work in one synchronous step, before its
 * first await, so that nothing can come in between; what it answers is a copy.
 *
 * `completeDeletion` alone must wait for another (`seal`). It holds no lock meanwhile, since a worker
 * that dies in `seal` would keep it for ever: it checks and counts again afterwards, and seals anew
 * when that differs, as a serializable transaction is repeated.
 */
export class MemoryMetadataStore extends MemoryRunCalls implements port.MetadataStore {
  #storeId: string | null = null;

  async now(): Promise<Instant> {
    return this.clock.now();
  }

  async close(): Promise<void> {
    // There is nothing to close.
  }

  async createProject(project: port.NewProject): Promise<Project> {
    return this.run((tx) => projects.createProject(tx, project));
  }
  async findProject(id: string): Promise<Project | null> {
    return this.run((tx) => projects.findProject(tx, id));
  }
  async findProjectByUid(uid: string): Promise<Project | null> {
    return this.run((tx) => projects.findProjectByUid(tx, uid));
  }
  async listProjects(query: port.ProjectQuery): Promise<readonly Project[]> {
    return this.run((tx) => projects.listProjects(tx, query));
  }
  async expiredProjects(limit: number): Promise<readonly Project[]> {
    return this.run((tx) => projects.expiredProjects(tx, limit));
  }
  async whichClosed(uids: readonly string[]): Promise<ReadonlySet<string>> {
    return this.run((tx) => projects.whichClosed(tx, uids));
  }
  async updateProject(uid: string, patch: port.ProjectPatch): Promise<Project> {
    return this.run((tx) => projects.updateProject(tx, uid, patch));
  }
  async placeHold(uid: string, reason: string): Promise<Hold> {
    return this.run((tx) => projects.placeHold(tx, uid, reason));
  }
  async releaseHold(uid: string, graceMs: number): Promise<void> {
    this.run((tx) => projects.releaseHold(tx, uid, graceMs));
  }

  async findFile(projectUid: string, path: string): Promise<FileRow | null> {
    return this.run((tx) => files.findFile(tx, projectUid, path));
  }
  async listFiles(projectUid: string, query: port.FileQuery): Promise<readonly FileRow[]> {
    return this.run((tx) => files.listFiles(tx, projectUid, query));
  }
  async removeFile(
    projectUid: string,
    path: string,
    precondition?: port.FilePrecondition,
  ): Promise<FileRow> {
    return this.run((tx) => files.removeFile(tx, projectUid, path, precondition));
  }
  async moveFile(projectUid: string, from: string, to: string): Promise<FileRow> {
    return this.run((tx) => files.moveFile(tx, projectUid, from, to));
  }
  async dueRemovals(limit: number): Promise<readonly port.Removal[]> {
    return this.run((tx) => files.dueRemovals(tx, limit));
  }
  async findRemovals(keys: readonly string[], fileUid?: string): Promise<readonly port.Removal[]> {
    return this.run((tx) => files.findRemovals(tx, keys, fileUid));
  }
  async finishRemovals(keys: readonly string[]): Promise<void> {
    this.run((tx) => files.finishRemovals(tx, keys));
  }
  async postponeRemoval(
    key: string,
    _code: string,
    _message: string,
    delayMs: number,
  ): Promise<void> {
    this.run((tx) => files.postponeRemoval(tx, key, delayMs));
  }

  async openUpload(upload: port.NewUpload): Promise<Upload> {
    return this.run((tx) => uploads.openUpload(tx, upload));
  }
  async findUpload(projectUid: string, id: string): Promise<Upload | null> {
    return this.run((tx) => uploads.findUpload(tx, projectUid, id));
  }
  async findCommitted(projectUid: string, id: string): Promise<FileRow | null> {
    return this.run((tx) => uploads.findCommitted(tx, projectUid, id));
  }
  async beginCompleting(id: string): Promise<Upload> {
    return this.run((tx) => uploads.beginCompleting(tx, id));
  }
  async commitUpload(id: string, facts: port.CommitFacts): Promise<port.Committed> {
    return this.run((tx) => uploads.commitUpload(tx, id, facts));
  }
  async keepUnnamed(id: string): Promise<void> {
    this.run((tx) => uploads.keepUnnamed(tx, id));
  }
  async commitEmptyFile(file: port.NewEmptyFile): Promise<port.Committed> {
    return this.run((tx) => uploads.commitEmptyFile(tx, file));
  }
  async discardUpload(id: string): Promise<Upload | null> {
    return this.run((tx) => uploads.discardUpload(tx, id));
  }
  async settleUpload(id: string): Promise<void> {
    this.run((tx) => uploads.settleUpload(tx, id));
  }
  async staleUploads(staleMs: number, limit: number): Promise<readonly Upload[]> {
    return this.run((tx) => uploads.staleUploads(tx, staleMs, limit));
  }
  async forgetCommitted(limit: number): Promise<number> {
    return this.run((tx) => uploads.forgetCommitted(tx, limit));
  }

  async findReceipt(projectUid: string): Promise<port.StoredReceipt | null> {
    return this.run((tx) => receipts.findReceipt(tx, projectUid));
  }
  async uncopiedReceipts(limit: number): Promise<readonly port.StoredReceipt[]> {
    return this.run((tx) => receipts.uncopiedReceipts(tx, limit));
  }
  async markReceiptCopied(projectUid: string): Promise<void> {
    this.run((tx) => receipts.markReceiptCopied(tx, projectUid));
  }
  async listAmendments(projectUid: string): Promise<readonly port.StoredAmendment[]> {
    return this.run((tx) => receipts.listAmendments(tx, projectUid));
  }
  async uncopiedAmendments(limit: number): Promise<readonly port.StoredAmendment[]> {
    return this.run((tx) => receipts.uncopiedAmendments(tx, limit));
  }
  async markAmendmentCopied(sequence: number): Promise<void> {
    this.run((tx) => receipts.markAmendmentCopied(tx, sequence));
  }
  async keepPublicKey(key: PublicKey): Promise<void> {
    this.run((tx) => receipts.keepPublicKey(tx, key));
  }
  async listPublicKeys(): Promise<readonly PublicKey[]> {
    return this.run((tx) => receipts.listPublicKeys(tx));
  }

  async findIdempotent(
    subject: string,
    keyHash: Uint8Array,
    validForMs: number,
  ): Promise<port.Idempotent | null> {
    return this.run((tx) => findIdempotent(tx, subject, keyHash, validForMs));
  }
  async createSweep(sweep: Pick<port.Sweep, "id" | "prefix" | "requestedBy">): Promise<port.Sweep> {
    return this.run((tx) => sweeps.createSweep(tx, sweep));
  }
  async findSweep(id: string): Promise<port.Sweep | null> {
    return this.run((tx) => sweeps.findSweep(tx, id));
  }
  async dueSweeps(limit: number): Promise<readonly string[]> {
    return this.run((tx) => sweeps.dueSweeps(tx, limit));
  }
  async claimSweep(id: string, leaseMs: number): Promise<port.SweepClaim | null> {
    return this.run((tx) => sweeps.claimSweep(tx, id, leaseMs));
  }
  async extendSweep(id: string, token: number, leaseMs: number, found: number): Promise<boolean> {
    return this.run((tx) => sweeps.extendSweep(tx, id, token, leaseMs, found));
  }
  async postponeSweep(id: string, token: number, delayMs: number): Promise<void> {
    this.run((tx) => sweeps.postponeSweep(tx, id, token, delayMs));
  }
  async finishSweep(id: string, token: number, end: port.SweepEnd): Promise<port.Sweep> {
    return this.run((tx) => sweeps.finishSweep(tx, id, token, end));
  }

  async backlog(): Promise<port.Backlog> {
    return this.run(backlog);
  }

  async boundStore(): Promise<string | null> {
    return this.#storeId;
  }
  async bindStore(storeId: string, replace: boolean): Promise<string> {
    if (replace) this.#storeId = storeId;
    return (this.#storeId ??= storeId);
  }

  async createToken(token: port.NewToken): Promise<ApiToken> {
    return this.run((tx) => tokens.createToken(tx, token));
  }
  async findToken(id: string): Promise<port.FoundToken | null> {
    return this.run((tx) => tokens.findToken(tx, id));
  }
  async listTokens(query: port.TokenQuery): Promise<readonly ApiToken[]> {
    return this.run((tx) => tokens.listTokens(tx, query));
  }
  async revokeToken(id: string): Promise<ApiToken> {
    return this.run((tx) => tokens.revokeToken(tx, id));
  }
  async recordTokenUse(id: string, everyMs: number): Promise<void> {
    this.run((tx) => tokens.recordTokenUse(tx, id, everyMs));
  }

  async createSignInCode(code: port.NewSignInCode): Promise<Instant> {
    return this.run((tx) => sessions.createSignInCode(tx, code));
  }
  async redeemSignInCode(id: string, hash: string, made: port.NewSession): Promise<Session | null> {
    return this.run((tx) => sessions.redeemSignInCode(tx, id, hash, made));
  }
  async findSession(id: string): Promise<port.FoundSession | null> {
    return this.run((tx) => sessions.findSession(tx, id));
  }
  async endSession(id: string): Promise<void> {
    this.run((tx) => sessions.endSession(tx, id));
  }
}

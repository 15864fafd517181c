import type { Dialect } from "kysely";
import type { ApiToken, Session } from "../../core/credentials.ts";
import type { FileRow, Hold, Instant, Project, Upload } from "../../core/model.ts";
import type * as port from "../../ports/metadata/index.ts";
import type { PublicKey } from "../../ports/signer.ts";
import { backlog } from "./backlog.ts";
import { RunCalls } from "./run-calls.ts";
import * as files from "./files.ts";
import { findIdempotent } from "./idempotency.ts";
import * as projects from "./projects.ts";
import * as receipts from "./receipts.ts";
import * as binding from "./store-binding.ts";
import * as removals from "./removals.ts";
import { readNow } from "./session.ts";
import * as sessions from "./sessions.ts";
import { openMigrated, type PostgresStoreOptions } from "./store-base.ts";
import * as tokens from "./tokens.ts";
import * as sweeps from "./sweeps.ts";
import * as uploads from "./uploads.ts";

/**
 * The metadata port in one SQL dialect, on PostgreSQL and on the embedded PGlite. Every operation is
 * one transaction or one statement; only `completeDeletion` counts before its transaction.
 */
export class PostgresMetadataStore extends RunCalls implements port.MetadataStore {
  /** Brings the tables up to date first; several processes may do so at once. */
  static async open(
    dialect: Dialect,
    options: PostgresStoreOptions = {},
  ): Promise<PostgresMetadataStore> {
    return new PostgresMetadataStore(await openMigrated(dialect), options);
  }

  async now(): Promise<Instant> {
    return await this.read(readNow);
  }

  createProject(project: port.NewProject): Promise<Project> {
    return this.insert(1, (tx) => projects.createProject(tx, project));
  }
  findProject(id: string): Promise<Project | null> {
    return this.read((tx) => projects.findProject(tx, id));
  }
  findProjectByUid(uid: string): Promise<Project | null> {
    return this.read((tx) => projects.findProjectByUid(tx, uid));
  }
  listProjects(query: port.ProjectQuery): Promise<readonly Project[]> {
    return this.read((tx) => projects.listProjects(tx, query));
  }
  expiredProjects(limit: number): Promise<readonly Project[]> {
    return this.read((tx) => projects.expiredProjects(tx, limit));
  }
  whichClosed(uids: readonly string[]): Promise<ReadonlySet<string>> {
    return this.read((tx) => projects.whichClosed(tx, uids));
  }
  updateProject(uid: string, patch: port.ProjectPatch): Promise<Project> {
    return this.transact((tx) => projects.updateProject(tx, uid, patch));
  }
  placeHold(uid: string, reason: string): Promise<Hold> {
    return this.transact((tx) => projects.placeHold(tx, uid, reason));
  }
  releaseHold(uid: string, graceMs: number): Promise<void> {
    return this.transact((tx) => projects.releaseHold(tx, uid, graceMs));
  }

  findFile(projectUid: string, path: string): Promise<FileRow | null> {
    return this.read((tx) => files.findFile(tx, projectUid, path));
  }
  listFiles(projectUid: string, query: port.FileQuery): Promise<readonly FileRow[]> {
    return this.read((tx) => files.listFiles(tx, projectUid, query));
  }
  removeFile(uid: string, path: string, precondition?: port.FilePrecondition): Promise<FileRow> {
    return this.insert(1, (tx) => files.removeFile(tx, uid, path, precondition));
  }
  moveFile(projectUid: string, from: string, to: string): Promise<FileRow> {
    return this.transact((tx) => files.moveFile(tx, projectUid, from, to));
  }
  dueRemovals(limit: number): Promise<readonly port.Removal[]> {
    return this.read((tx) => removals.dueRemovals(tx, limit));
  }
  findRemovals(keys: readonly string[], fileUid?: string): Promise<readonly port.Removal[]> {
    return this.read((tx) => removals.findRemovals(tx, keys, fileUid));
  }
  async finishRemovals(keys: readonly string[]): Promise<void> {
    await this.upkeep.erasing();
    await this.transact((tx) => removals.finishRemovals(tx, keys));
    this.upkeep.erased(keys.length);
  }
  postponeRemoval(key: string, code: string, message: string, delayMs: number): Promise<void> {
    return this.transact((tx) => removals.postponeRemoval(tx, key, code, message, delayMs));
  }

  openUpload(upload: port.NewUpload): Promise<Upload> {
    return this.insert(1, (tx) => uploads.openUpload(tx, upload));
  }
  findUpload(projectUid: string, id: string): Promise<Upload | null> {
    return this.read((tx) => uploads.findUpload(tx, projectUid, id));
  }
  findCommitted(projectUid: string, id: string): Promise<FileRow | null> {
    return this.read((tx) => uploads.findCommitted(tx, projectUid, id));
  }
  beginCompleting(id: string): Promise<Upload> {
    return this.transact((tx) => uploads.beginCompleting(tx, id));
  }
  commitUpload(id: string, facts: port.CommitFacts): Promise<port.Committed> {
    return this.insert(1, (tx) => uploads.commitUpload(tx, id, facts));
  }
  keepUnnamed(id: string): Promise<void> {
    return this.transact((tx) => uploads.keepUnnamed(tx, id));
  }
  commitEmptyFile(file: port.NewEmptyFile): Promise<port.Committed> {
    return this.insert(1, (tx) => uploads.commitEmptyFile(tx, file));
  }
  discardUpload(id: string): Promise<Upload | null> {
    return this.transact((tx) => uploads.discardUpload(tx, id));
  }
  settleUpload(id: string): Promise<void> {
    return this.transact((tx) => uploads.settleUpload(tx, id));
  }
  staleUploads(staleMs: number, limit: number): Promise<readonly Upload[]> {
    return this.read((tx) => uploads.staleUploads(tx, staleMs, limit));
  }
  forgetCommitted(limit: number): Promise<number> {
    return this.transact((tx) => uploads.forgetCommitted(tx, limit));
  }

  findReceipt(projectUid: string): Promise<port.StoredReceipt | null> {
    return this.read((tx) => receipts.findReceipt(tx, projectUid));
  }
  uncopiedReceipts(limit: number): Promise<readonly port.StoredReceipt[]> {
    return this.read((tx) => receipts.uncopiedReceipts(tx, limit));
  }
  markReceiptCopied(projectUid: string): Promise<void> {
    return this.transact((tx) => receipts.markReceiptCopied(tx, projectUid));
  }
  listAmendments(projectUid: string): Promise<readonly port.StoredAmendment[]> {
    return this.read((tx) => receipts.listAmendments(tx, projectUid));
  }
  uncopiedAmendments(limit: number): Promise<readonly port.StoredAmendment[]> {
    return this.read((tx) => receipts.uncopiedAmendments(tx, limit));
  }
  markAmendmentCopied(sequence: number): Promise<void> {
    return this.transact((tx) => receipts.markAmendmentCopied(tx, sequence));
  }
  keepPublicKey(key: PublicKey): Promise<void> {
    return this.transact((tx) => receipts.keepPublicKey(tx, key));
  }
  listPublicKeys(): Promise<readonly PublicKey[]> {
    return this.read((tx) => receipts.listPublicKeys(tx));
  }

  findIdempotent(
    subject: string,
    keyHash: Uint8Array,
    validForMs: number,
  ): Promise<port.Idempotent | null> {
    return this.read((tx) => findIdempotent(tx, subject, keyHash, validForMs));
  }
  createSweep(sweep: Pick<port.Sweep, "id" | "prefix" | "requestedBy">): Promise<port.Sweep> {
    return this.transact((tx) => sweeps.createSweep(tx, sweep));
  }
  findSweep(id: string): Promise<port.Sweep | null> {
    return this.read((tx) => sweeps.findSweep(tx, id));
  }
  dueSweeps(limit: number): Promise<readonly string[]> {
    return this.read((tx) => sweeps.dueSweeps(tx, limit));
  }
  claimSweep(id: string, leaseMs: number): Promise<port.SweepClaim | null> {
    return this.transact((tx) => sweeps.claimSweep(tx, id, leaseMs));
  }
  extendSweep(id: string, token: number, leaseMs: number, found: number): Promise<boolean> {
    return this.transact((tx) => sweeps.extendSweep(tx, id, token, leaseMs, found));
  }
  postponeSweep(id: string, token: number, delayMs: number): Promise<void> {
    return this.transact((tx) => sweeps.postponeSweep(tx, id, token, delayMs));
  }
  finishSweep(id: string, token: number, end: port.SweepEnd): Promise<port.Sweep> {
    return this.transact((tx) => sweeps.finishSweep(tx, id, token, end));
  }

  backlog(): Promise<port.Backlog> {
    return this.read(backlog);
  }

  boundStore(): Promise<string | null> {
    return this.read((tx) => binding.boundStore(tx));
  }
  bindStore(storeId: string, replace: boolean): Promise<string> {
    return this.transact((tx) => binding.bindStore(tx, storeId, replace));
  }

  createToken(token: port.NewToken): Promise<ApiToken> {
    return this.insert(1, (tx) => tokens.createToken(tx, token));
  }
  findToken(id: string): Promise<port.FoundToken | null> {
    return this.read((tx) => tokens.findToken(tx, id));
  }
  listTokens(query: port.TokenQuery): Promise<readonly ApiToken[]> {
    return this.read((tx) => tokens.listTokens(tx, query));
  }
  revokeToken(id: string): Promise<ApiToken> {
    return this.transact((tx) => tokens.revokeToken(tx, id));
  }
  recordTokenUse(id: string, everyMs: number): Promise<void> {
    return this.transact((tx) => tokens.recordTokenUse(tx, id, everyMs));
  }

  createSignInCode(code: port.NewSignInCode): Promise<Instant> {
    return this.insert(1, (tx) => sessions.createSignInCode(tx, code));
  }
  redeemSignInCode(id: string, hash: string, made: port.NewSession): Promise<Session | null> {
    return this.insert(1, (tx) => sessions.redeemSignInCode(tx, id, hash, made));
  }
  findSession(id: string): Promise<port.FoundSession | null> {
    return this.read((tx) => sessions.findSession(tx, id));
  }
  endSession(id: string): Promise<void> {
    return this.transact((tx) => sessions.endSession(tx, id));
  }
}

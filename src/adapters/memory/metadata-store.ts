import type { DeletionEvent } from "../../core/deletion.ts";
import type {
  Deletion,
  Evidence,
  FileRow,
  Hold,
  Instant,
  Project,
  Residue,
  Surface,
  Upload,
} from "../../core/model.ts";
import type { Clock } from "../../ports/clock.ts";
import type * as port from "../../ports/metadata/index.ts";
import type { PublicKey } from "../../ports/signer.ts";
import * as completion from "./metadata/completion.ts";
import * as deletions from "./metadata/deletions.ts";
import * as files from "./metadata/files.ts";
import * as projects from "./metadata/projects.ts";
import * as purge from "./metadata/purge.ts";
import * as receipts from "./metadata/receipts.ts";
import { emptyRows, refusal, type Rows, type Tx } from "./metadata/state.ts";
import * as uploads from "./metadata/uploads.ts";

/** The whole database at one moment, for `restore`. */
export interface MetadataSnapshot {
  readonly rows: Rows;
}

/**
 * The executable specification of the metadata port, and what the simulation runs on. The clock given
 * is the database's clock (R8). Every operation does all its work in one synchronous step, before its
 * first await, so that nothing can come in between; what it answers is a copy.
 *
 * `completeDeletion` alone must wait for another (`seal`). It holds no lock meanwhile, since a worker
 * that dies in `seal` would keep it for ever: it checks and counts again afterwards, and seals anew
 * when that differs, as a serializable transaction is repeated.
 */
export class MemoryMetadataStore implements port.MetadataStore {
  readonly #clock: Clock;
  #rows: Rows = emptyRows();
  #storeId: string | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A copy of all rows, as a backup of the database would hold them. */
  snapshot(): MetadataSnapshot {
    return { rows: structuredClone(this.#rows) };
  }

  /** Puts the database back to an earlier moment (I11). The snapshot may be used again. */
  restore(snapshot: MetadataSnapshot): void {
    this.#rows = structuredClone(snapshot.rows);
  }

  #do<T>(work: (tx: Tx) => T): T {
    return structuredClone(work({ rows: this.#rows, now: this.#clock.now() }));
  }

  async now(): Promise<Instant> {
    return this.#clock.now();
  }

  async close(): Promise<void> {
    // There is nothing to close.
  }

  async createProject(project: port.NewProject): Promise<Project> {
    return this.#do((tx) => projects.createProject(tx, project));
  }
  async findProject(id: string): Promise<Project | null> {
    return this.#do((tx) => projects.findProject(tx, id));
  }
  async findProjectByUid(uid: string): Promise<Project | null> {
    return this.#do((tx) => projects.findProjectByUid(tx, uid));
  }
  async listProjects(query: port.ProjectQuery): Promise<readonly Project[]> {
    return this.#do((tx) => projects.listProjects(tx, query));
  }
  async updateProject(uid: string, patch: port.ProjectPatch): Promise<Project> {
    return this.#do((tx) => projects.updateProject(tx, uid, patch));
  }
  async placeHold(uid: string, reason: string): Promise<Hold> {
    return this.#do((tx) => projects.placeHold(tx, uid, reason));
  }
  async releaseHold(uid: string, graceMs: number): Promise<void> {
    this.#do((tx) => projects.releaseHold(tx, uid, graceMs));
  }

  async findFile(projectUid: string, path: string): Promise<FileRow | null> {
    return this.#do((tx) => files.findFile(tx, projectUid, path));
  }
  async listFiles(projectUid: string, query: port.FileQuery): Promise<readonly FileRow[]> {
    return this.#do((tx) => files.listFiles(tx, projectUid, query));
  }
  async removeFile(
    projectUid: string,
    path: string,
    precondition?: port.FilePrecondition,
  ): Promise<FileRow> {
    return this.#do((tx) => files.removeFile(tx, projectUid, path, precondition));
  }
  async moveFile(projectUid: string, from: string, to: string): Promise<FileRow> {
    return this.#do((tx) => files.moveFile(tx, projectUid, from, to));
  }
  async dueRemovals(limit: number): Promise<readonly port.Removal[]> {
    return this.#do((tx) => files.dueRemovals(tx, limit));
  }
  async findRemovals(keys: readonly string[]): Promise<readonly port.Removal[]> {
    return this.#do((tx) => files.findRemovals(tx, keys));
  }
  async finishRemovals(keys: readonly string[]): Promise<void> {
    this.#do((tx) => files.finishRemovals(tx, keys));
  }
  async postponeRemoval(
    key: string,
    _code: string,
    _message: string,
    delayMs: number,
  ): Promise<void> {
    this.#do((tx) => files.postponeRemoval(tx, key, delayMs));
  }

  async openUpload(upload: port.NewUpload): Promise<Upload> {
    return this.#do((tx) => uploads.openUpload(tx, upload));
  }
  async findUpload(projectUid: string, id: string): Promise<Upload | null> {
    return this.#do((tx) => uploads.findUpload(tx, projectUid, id));
  }
  async findCommitted(projectUid: string, id: string): Promise<FileRow | null> {
    return this.#do((tx) => uploads.findCommitted(tx, projectUid, id));
  }
  async beginCompleting(id: string): Promise<Upload> {
    return this.#do((tx) => uploads.beginCompleting(tx, id));
  }
  async commitUpload(id: string, facts: port.CommitFacts): Promise<port.Committed> {
    return this.#do((tx) => uploads.commitUpload(tx, id, facts));
  }
  async commitEmptyFile(file: port.NewEmptyFile): Promise<port.Committed> {
    return this.#do((tx) => uploads.commitEmptyFile(tx, file));
  }
  async discardUpload(id: string): Promise<Upload | null> {
    return this.#do((tx) => uploads.discardUpload(tx, id));
  }
  async settleUpload(id: string): Promise<void> {
    this.#do((tx) => uploads.settleUpload(tx, id));
  }
  async staleUploads(staleMs: number, limit: number): Promise<readonly Upload[]> {
    return this.#do((tx) => uploads.staleUploads(tx, staleMs, limit));
  }
  async forgetCommitted(limit: number): Promise<number> {
    return this.#do((tx) => uploads.forgetCommitted(tx, limit));
  }

  async requestDeletion(
    request: port.DeletionRequest,
  ): Promise<{ deletion: Deletion; joined: boolean }> {
    return this.#do((tx) => deletions.requestDeletion(tx, request));
  }
  async restoreProject(projectUid: string): Promise<Deletion> {
    return this.#do((tx) => deletions.restoreProject(tx, projectUid));
  }
  async findDeletion(id: string): Promise<Deletion | null> {
    return this.#do((tx) => deletions.findDeletion(tx, id));
  }
  async findDeletionOf(projectUid: string): Promise<Deletion | null> {
    return this.#do((tx) => deletions.findDeletionOf(tx, projectUid));
  }
  async listDeletions(query: port.DeletionQuery): Promise<readonly Deletion[]> {
    return this.#do((tx) => deletions.listDeletions(tx, query));
  }
  async listResidue(id: string, limit: number, after?: string): Promise<readonly Residue[]> {
    return this.#do((tx) => deletions.listResidue(tx, id, limit, after));
  }
  async dueDeletions(limit: number): Promise<readonly string[]> {
    return this.#do((tx) => deletions.dueDeletions(tx, limit));
  }
  async claimDeletion(id: string, leaseMs: number): Promise<port.Claim | null> {
    return this.#do((tx) => deletions.claimDeletion(tx, id, leaseMs));
  }
  async extendClaim(id: string, token: number, leaseMs: number): Promise<boolean> {
    return this.#do((tx) => deletions.extendClaim(tx, id, token, leaseMs));
  }
  async releaseClaim(id: string, token: number): Promise<void> {
    this.#do((tx) => deletions.releaseClaim(tx, id, token));
  }
  async releaseAllClaims(): Promise<void> {
    this.#do((tx) => deletions.releaseAllClaims(tx));
  }
  async retryDeletion(id: string): Promise<Deletion> {
    return this.#do((tx) => deletions.retryDeletion(tx, id));
  }

  async advance(id: string, token: number, event: DeletionEvent): Promise<Deletion> {
    return this.#do((tx) => purge.advance(tx, id, token, event));
  }
  async recordTombstone(id: string, token: number, key: string): Promise<void> {
    this.#do((tx) => purge.recordTombstone(tx, id, token, key));
  }
  async unsettledUploads(id: string, token: number, limit: number): Promise<readonly Upload[]> {
    return this.#do((tx) => purge.unsettledUploads(tx, id, token, limit));
  }
  async settleForFence(id: string, token: number, uploadIds: readonly string[]): Promise<void> {
    this.#do((tx) => purge.settleForFence(tx, id, token, uploadIds));
  }
  async recordFence(id: string, token: number): Promise<Deletion> {
    return this.#do((tx) => purge.recordFence(tx, id, token));
  }
  async trackedKeys(
    projectUid: string,
    limit: number,
    after?: string,
  ): Promise<readonly port.TrackedKey[]> {
    return this.#do((tx) => purge.trackedKeys(tx, projectUid, limit, after));
  }
  async whichTracked(projectUid: string, keys: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#do((tx) => purge.whichTracked(tx, projectUid, keys));
  }
  async recordPage(
    id: string,
    token: number,
    surface: Surface,
    entries: readonly port.RemovalEntry[],
  ): Promise<void> {
    this.#do((tx) => purge.recordPage(tx, id, token, surface, entries));
  }
  async retractEntry(id: string, token: number, keyHash: Uint8Array): Promise<void> {
    this.#do((tx) => purge.retractEntry(tx, id, token, keyHash));
  }
  async recordAbsent(
    id: string,
    token: number,
    surface: Surface,
    entries: readonly port.RemovalEntry[],
  ): Promise<void> {
    this.#do((tx) => purge.recordAbsent(tx, id, token, surface, entries));
  }
  async recordProgress(id: string, token: number, surface: Surface, gone: number): Promise<void> {
    this.#do((tx) => purge.recordProgress(tx, id, token, surface, gone));
  }
  async replaceResidue(id: string, token: number, residue: readonly Residue[]): Promise<void> {
    this.#do((tx) => purge.replaceResidue(tx, id, token, residue));
  }
  async setBlocked(
    id: string,
    token: number,
    blocked: Parameters<port.DeletionStore["setBlocked"]>[2],
  ): Promise<Deletion> {
    return this.#do((tx) => purge.setBlocked(tx, id, token, blocked));
  }
  async recordEvidence(id: string, token: number, evidence: readonly Evidence[]): Promise<void> {
    this.#do((tx) => purge.recordEvidence(tx, id, token, evidence));
  }
  async eraseRows(id: string, token: number, limit: number): Promise<number> {
    return this.#do((tx) => purge.eraseRows(tx, id, token, limit));
  }

  async completeDeletion(
    id: string,
    token: number,
    seal: (facts: port.SealFacts) => Promise<port.Sealed>,
  ): Promise<Deletion> {
    // Every other deletion can take the place in the chain once, so this is bound enough (R10).
    for (let attempt = 0; attempt <= this.#rows.deletions.size; attempt++) {
      const prepared = this.#do((tx) => completion.prepareCompletion(tx, id, token));
      const sealed = await seal(prepared.facts);
      const done = this.#do((tx) => completion.finishCompletion(tx, id, token, prepared, sealed));
      if (done) return done;
    }
    throw refusal("internal", `${id} lost its place in the chain of receipts too often.`);
  }

  async findReceipt(projectUid: string): Promise<port.StoredReceipt | null> {
    return this.#do((tx) => receipts.findReceipt(tx, projectUid));
  }
  async uncopiedReceipts(limit: number): Promise<readonly port.StoredReceipt[]> {
    return this.#do((tx) => receipts.uncopiedReceipts(tx, limit));
  }
  async markReceiptCopied(projectUid: string): Promise<void> {
    this.#do((tx) => receipts.markReceiptCopied(tx, projectUid));
  }
  async keepPublicKey(key: PublicKey): Promise<void> {
    this.#do((tx) => receipts.keepPublicKey(tx, key));
  }
  async listPublicKeys(): Promise<readonly PublicKey[]> {
    return this.#do((tx) => receipts.listPublicKeys(tx));
  }

  async boundStore(): Promise<string | null> {
    return this.#storeId;
  }
  async bindStore(storeId: string, replace: boolean): Promise<string> {
    if (replace) this.#storeId = storeId;
    return (this.#storeId ??= storeId);
  }
}

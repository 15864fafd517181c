import type { DeletionEvent } from "../../core/deletion.ts";
import type {
  Deletion,
  Evidence,
  Instant,
  Residue,
  SettleResult,
  Surface,
  Upload,
} from "../../core/model.ts";
import type * as port from "../../ports/metadata/index.ts";
import * as cdn from "./cdn-targets.ts";
import { findDeletion } from "./deletion-rows.ts";
import * as deletions from "./deletions.ts";
import * as completion from "./purge-completion.ts";
import * as log from "./purge-log.ts";
import * as rows from "./purge-rows.ts";
import * as stages from "./purge-stages.ts";
import * as settles from "./settles.ts";
import { StoreBase } from "./store-base.ts";
import * as tombstones from "./tombstones.ts";

/** The part of the metadata port that deletions and their workers use. */
export abstract class DeletionCalls
  extends StoreBase
  implements port.DeletionStore, port.CdnStore, port.SettleStore, port.TombstoneStore
{
  requestDeletion(request: port.DeletionRequest): Promise<{ deletion: Deletion; joined: boolean }> {
    return this.transact((tx) => deletions.requestDeletion(tx, request));
  }
  expireProject(request: port.DeletionRequest): Promise<Deletion | null> {
    return this.transact((tx) => deletions.expireProject(tx, request));
  }
  restoreProject(projectUid: string): Promise<Deletion> {
    return this.transact((tx) => deletions.restoreProject(tx, projectUid));
  }
  findDeletion(id: string): Promise<Deletion | null> {
    return this.read((tx) => findDeletion(tx, id));
  }
  findDeletionOf(projectUid: string): Promise<Deletion | null> {
    return this.read((tx) => deletions.findDeletionOf(tx, projectUid));
  }
  listDeletions(query: port.DeletionQuery): Promise<readonly Deletion[]> {
    return this.read((tx) => deletions.listDeletions(tx, query));
  }
  listResidue(id: string, limit: number, after?: string): Promise<readonly Residue[]> {
    return this.read((tx) => deletions.listResidue(tx, id, limit, after));
  }
  dueDeletions(limit: number): Promise<readonly string[]> {
    return this.read((tx) => deletions.dueDeletions(tx, limit));
  }
  claimDeletion(id: string, leaseMs: number): Promise<port.Claim | null> {
    return this.transact((tx) => deletions.claimDeletion(tx, id, leaseMs));
  }
  extendClaim(id: string, token: number, leaseMs: number): Promise<boolean> {
    return this.transact((tx) => deletions.extendClaim(tx, id, token, leaseMs));
  }
  releaseClaim(id: string, token: number): Promise<void> {
    return this.transact((tx) => deletions.releaseClaim(tx, id, token));
  }
  releaseAllClaims(): Promise<void> {
    return this.transact((tx) => deletions.releaseAllClaims(tx));
  }
  retryDeletion(id: string): Promise<Deletion> {
    return this.transact((tx) => deletions.retryDeletion(tx, id));
  }

  advance(id: string, token: number, event: DeletionEvent): Promise<Deletion> {
    return this.transact((tx) => stages.advance(tx, id, token, event));
  }
  recordTombstone(id: string, token: number, key: string): Promise<void> {
    return this.transact((tx) => stages.recordTombstone(tx, id, token, key));
  }
  unsettledUploads(id: string, token: number, limit: number): Promise<readonly Upload[]> {
    return this.transact((tx) => stages.unsettledUploads(tx, id, token, limit));
  }
  settleForFence(id: string, token: number, uploadIds: readonly string[]): Promise<void> {
    return this.transact((tx) => stages.settleForFence(tx, id, token, uploadIds));
  }
  recordFence(id: string, token: number): Promise<Deletion> {
    return this.transact((tx) => stages.recordFence(tx, id, token));
  }
  trackedKeys(uid: string, limit: number, after?: string): Promise<readonly port.TrackedKey[]> {
    return this.read((tx) => rows.trackedKeys(tx, uid, limit, after));
  }
  whichTracked(projectUid: string, keys: readonly string[]): Promise<ReadonlySet<string>> {
    return this.read((tx) => rows.whichTracked(tx, projectUid, keys));
  }
  recordPage(
    id: string,
    token: number,
    surface: Surface,
    entries: readonly port.RemovalEntry[],
  ): Promise<void> {
    return this.insert(entries.length, (tx) => log.recordPage(tx, id, token, surface, entries));
  }
  retractEntry(id: string, token: number, keyHash: Uint8Array): Promise<void> {
    return this.transact((tx) => log.retractEntry(tx, id, token, keyHash));
  }
  recordAbsent(
    id: string,
    token: number,
    surface: Surface,
    entries: readonly port.RemovalEntry[],
  ): Promise<void> {
    return this.insert(entries.length, (tx) => log.recordAbsent(tx, id, token, surface, entries));
  }
  recordProgress(id: string, token: number, surface: Surface, gone: number): Promise<void> {
    return this.transact((tx) => log.recordProgress(tx, id, token, surface, gone));
  }
  replaceResidue(id: string, token: number, residue: readonly Residue[]): Promise<void> {
    return this.transact((tx) => log.replaceResidue(tx, id, token, residue));
  }
  setBlocked(
    id: string,
    token: number,
    blocked: Parameters<port.DeletionStore["setBlocked"]>[2],
  ): Promise<Deletion> {
    return this.transact((tx) => stages.setBlocked(tx, id, token, blocked));
  }
  recordEvidence(id: string, token: number, evidence: readonly Evidence[]): Promise<void> {
    return this.transact((tx) => stages.recordEvidence(tx, id, token, evidence));
  }
  async eraseRows(id: string, token: number, limit: number): Promise<number> {
    await this.upkeep.erasing();
    const erased = await this.transact((tx) => rows.eraseRows(tx, id, token, limit));
    this.upkeep.erased(erased);
    return erased;
  }
  async completeDeletion(
    id: string,
    token: number,
    seal: (facts: port.SealFacts) => Promise<port.Sealed>,
    settleAfterMs: readonly number[] = [],
  ): Promise<Deletion> {
    await this.upkeep.reading();
    const { row } = await this.transact((tx) => completion.checkCompletable(tx, id, token));
    const counted = await this.read((session) => completion.countLog(session, row));
    return await this.transact((tx) =>
      completion.complete(tx, id, token, counted, seal, settleAfterMs),
    );
  }

  recordCdnTargets(id: string, token: number, targets: readonly port.CdnTarget[]): Promise<void> {
    return this.insert(targets.length, (tx) => cdn.recordCdnTargets(tx, id, token, targets));
  }
  pendingCdnTargets(
    id: string,
    token: number,
    limit: number,
    after?: Uint8Array,
  ): Promise<readonly port.CdnTarget[]> {
    return this.transact((tx) => cdn.pendingCdnTargets(tx, id, token, limit, after));
  }
  acceptCdnTargets(id: string, token: number, hashes: readonly Uint8Array[]): Promise<void> {
    return this.transact((tx) => cdn.acceptCdnTargets(tx, id, token, hashes));
  }
  dropCdnTargets(id: string, token: number): Promise<void> {
    return this.transact((tx) => cdn.dropCdnTargets(tx, id, token));
  }

  dueSettles(limit: number): Promise<readonly string[]> {
    return this.read((tx) => settles.dueSettles(tx, limit));
  }
  claimSettle(id: string, leaseMs: number): Promise<port.SettleClaim | null> {
    return this.transact((tx) => settles.claimSettle(tx, id, leaseMs));
  }
  recordReturned(
    id: string,
    token: number,
    surface: Surface,
    entries: readonly port.RemovalEntry[],
  ): Promise<void> {
    return this.insert(entries.length, (tx) =>
      settles.recordReturned(tx, id, token, surface, entries),
    );
  }
  retractReturned(id: string, token: number, keyHash: Uint8Array): Promise<void> {
    return this.transact((tx) => settles.retractReturned(tx, id, token, keyHash));
  }
  finishSettle(
    id: string,
    token: number,
    end: port.SettleEnd,
    seal: (facts: port.AmendmentFacts) => Promise<port.Sealed>,
  ): Promise<SettleResult> {
    return this.transact((tx) => settles.finishSettle(tx, id, token, end, seal));
  }
  listSettles(id: string): Promise<readonly SettleResult[]> {
    return this.read((tx) => settles.listSettles(tx, id));
  }

  newestTombstone(): Promise<Instant | null> {
    return this.read((tx) => tombstones.newestTombstone(tx));
  }
  buryAgain(buried: port.Buried): Promise<Deletion | null> {
    return this.insert(1, (tx) => tombstones.buryAgain(tx, buried));
  }
}

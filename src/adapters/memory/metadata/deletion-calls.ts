import type { DeletionEvent } from "../../../core/deletion.ts";
import type { ExpungeError } from "../../../core/errors.ts";
import type {
  Deletion,
  Evidence,
  Instant,
  Residue,
  SettleResult,
  Surface,
  Upload,
} from "../../../core/model.ts";
import type * as port from "../../../ports/metadata/index.ts";
import { MemoryBase } from "./base.ts";
import * as cdn from "./cdn-targets.ts";
import * as completion from "./completion.ts";
import * as deletions from "./deletions.ts";
import * as purge from "./purge.ts";
import * as settles from "./settles.ts";
import { refusal } from "./state.ts";
import * as tombstones from "./tombstones.ts";

/** The part of the metadata port that deletions and their workers use. */
export abstract class MemoryDeletionCalls
  extends MemoryBase
  implements port.DeletionStore, port.CdnStore, port.SettleStore, port.TombstoneStore
{
  async requestDeletion(
    request: port.DeletionRequest,
  ): Promise<{ deletion: Deletion; joined: boolean }> {
    return this.run((tx) => deletions.requestDeletion(tx, request));
  }
  async expireProject(request: port.DeletionRequest): Promise<Deletion | null> {
    return this.run((tx) => deletions.expireProject(tx, request));
  }
  async restoreProject(projectUid: string): Promise<Deletion> {
    return this.run((tx) => deletions.restoreProject(tx, projectUid));
  }
  async findDeletion(id: string): Promise<Deletion | null> {
    return this.run((tx) => deletions.findDeletion(tx, id));
  }
  async findDeletionOf(projectUid: string): Promise<Deletion | null> {
    return this.run((tx) => deletions.findDeletionOf(tx, projectUid));
  }
  async listDeletions(query: port.DeletionQuery): Promise<readonly Deletion[]> {
    return this.run((tx) => deletions.listDeletions(tx, query));
  }
  async listResidue(id: string, limit: number, after?: string): Promise<readonly Residue[]> {
    return this.run((tx) => deletions.listResidue(tx, id, limit, after));
  }
  async dueDeletions(limit: number): Promise<readonly string[]> {
    return this.run((tx) => deletions.dueDeletions(tx, limit));
  }
  async claimDeletion(id: string, leaseMs: number): Promise<port.Claim | null> {
    return this.run((tx) => deletions.claimDeletion(tx, id, leaseMs));
  }
  async extendClaim(id: string, token: number, leaseMs: number): Promise<boolean> {
    return this.run((tx) => deletions.extendClaim(tx, id, token, leaseMs));
  }
  async releaseClaim(id: string, token: number): Promise<void> {
    this.run((tx) => deletions.releaseClaim(tx, id, token));
  }
  async releaseAllClaims(): Promise<void> {
    this.run((tx) => deletions.releaseAllClaims(tx));
  }
  async retryDeletion(id: string): Promise<Deletion> {
    return this.run((tx) => deletions.retryDeletion(tx, id));
  }

  async advance(id: string, token: number, event: DeletionEvent): Promise<Deletion> {
    return this.run((tx) => purge.advance(tx, id, token, event));
  }
  async recordTombstone(id: string, token: number, key: string): Promise<void> {
    this.run((tx) => purge.recordTombstone(tx, id, token, key));
  }
  async unsettledUploads(id: string, token: number, limit: number): Promise<readonly Upload[]> {
    return this.run((tx) => purge.unsettledUploads(tx, id, token, limit));
  }
  async settleForFence(id: string, token: number, uploadIds: readonly string[]): Promise<void> {
    this.run((tx) => purge.settleForFence(tx, id, token, uploadIds));
  }
  async recordFence(id: string, token: number): Promise<Deletion> {
    return this.run((tx) => purge.recordFence(tx, id, token));
  }
  async trackedKeys(
    projectUid: string,
    limit: number,
    after?: string,
  ): Promise<readonly port.TrackedKey[]> {
    return this.run((tx) => purge.trackedKeys(tx, projectUid, limit, after));
  }
  async whichTracked(projectUid: string, keys: readonly string[]): Promise<ReadonlySet<string>> {
    return this.run((tx) => purge.whichTracked(tx, projectUid, keys));
  }
  async recordPage(
    id: string,
    token: number,
    surface: Surface,
    entries: readonly port.RemovalEntry[],
  ): Promise<void> {
    this.run((tx) => purge.recordPage(tx, id, token, surface, entries));
  }
  async retractEntry(id: string, token: number, keyHash: Uint8Array): Promise<void> {
    this.run((tx) => purge.retractEntry(tx, id, token, keyHash));
  }
  async recordAbsent(
    id: string,
    token: number,
    surface: Surface,
    entries: readonly port.RemovalEntry[],
  ): Promise<void> {
    this.run((tx) => purge.recordAbsent(tx, id, token, surface, entries));
  }
  async recordProgress(id: string, token: number, surface: Surface, gone: number): Promise<void> {
    this.run((tx) => purge.recordProgress(tx, id, token, surface, gone));
  }
  async replaceResidue(id: string, token: number, residue: readonly Residue[]): Promise<void> {
    this.run((tx) => purge.replaceResidue(tx, id, token, residue));
  }
  async setBlocked(
    id: string,
    token: number,
    blocked: Parameters<port.DeletionStore["setBlocked"]>[2],
  ): Promise<Deletion> {
    return this.run((tx) => purge.setBlocked(tx, id, token, blocked));
  }
  async recordEvidence(id: string, token: number, evidence: readonly Evidence[]): Promise<void> {
    this.run((tx) => purge.recordEvidence(tx, id, token, evidence));
  }
  async eraseRows(id: string, token: number, limit: number): Promise<number> {
    return this.run((tx) => purge.eraseRows(tx, id, token, limit));
  }

  async completeDeletion(
    id: string,
    token: number,
    seal: (facts: port.SealFacts) => Promise<port.Sealed>,
    settleAfterMs: readonly number[] = [],
  ): Promise<Deletion> {
    // Every other deletion can take the place in the chain once, so this is bound enough (R10).
    for (let attempt = 0; attempt <= 2 * this.rows.deletions.size; attempt++) {
      const prepared = this.run((tx) => completion.prepareCompletion(tx, id, token));
      const { facts } = prepared;
      const says = facts.amends === null || facts.leaves > 0;
      const sealed = says ? await seal(facts) : null;
      const done = this.run((tx) =>
        completion.finishCompletion(tx, id, token, prepared, sealed, settleAfterMs),
      );
      if (done) return done;
    }
    throw lostPlace(id);
  }

  async recordCdnTargets(
    id: string,
    token: number,
    targets: readonly port.CdnTarget[],
  ): Promise<void> {
    this.run((tx) => cdn.recordCdnTargets(tx, id, token, targets));
  }
  async pendingCdnTargets(
    id: string,
    token: number,
    limit: number,
    after?: Uint8Array,
  ): Promise<readonly port.CdnTarget[]> {
    return this.run((tx) => cdn.pendingCdnTargets(tx, id, token, limit, after));
  }
  async acceptCdnTargets(id: string, token: number, hashes: readonly Uint8Array[]): Promise<void> {
    this.run((tx) => cdn.acceptCdnTargets(tx, id, token, hashes));
  }
  async dropCdnTargets(id: string, token: number): Promise<void> {
    this.run((tx) => cdn.dropCdnTargets(tx, id, token));
  }

  async dueSettles(limit: number): Promise<readonly string[]> {
    return this.run((tx) => settles.dueSettles(tx, limit));
  }
  async claimSettle(id: string, leaseMs: number): Promise<port.SettleClaim | null> {
    return this.run((tx) => settles.claimSettle(tx, id, leaseMs));
  }
  async recordReturned(
    id: string,
    token: number,
    surface: Surface,
    entries: readonly port.RemovalEntry[],
  ): Promise<void> {
    this.run((tx) => settles.recordReturned(tx, id, token, surface, entries));
  }
  async retractReturned(id: string, token: number, keyHash: Uint8Array): Promise<void> {
    this.run((tx) => settles.retractReturned(tx, id, token, keyHash));
  }
  async finishSettle(
    id: string,
    token: number,
    end: port.SettleEnd,
    seal: (facts: port.AmendmentFacts) => Promise<port.Sealed>,
  ): Promise<SettleResult> {
    for (let attempt = 0; attempt <= 2 * this.rows.deletions.size; attempt++) {
      const facts = this.run((tx) => settles.prepareAmendment(tx, id, token, end));
      const sealed = facts === null ? null : await seal(facts);
      const done = this.run((tx) => settles.finishSettle(tx, id, token, end, facts, sealed));
      if (done) return done;
    }
    throw lostPlace(id);
  }
  async listSettles(id: string): Promise<readonly SettleResult[]> {
    return this.run((tx) => settles.listSettles(tx, id));
  }

  async newestTombstone(): Promise<Instant | null> {
    return this.run((tx) => tombstones.newestTombstone(tx));
  }
  async buryAgain(buried: port.Buried): Promise<Deletion | null> {
    return this.run((tx) => tombstones.buryAgain(tx, buried));
  }
}

function lostPlace(id: string): ExpungeError {
  return refusal("internal", `${id} lost its place in the chain of receipts too often.`);
}

import { fromUtf8 } from "../../src/core/encoding.ts";
import { receiptKey } from "../../src/core/keys.ts";
import { parseReceipt, receiptHash } from "../../src/core/receipt.ts";
import type { Signer } from "../../src/ports/signer.ts";
import type { Ground } from "./model.ts";

interface Issued {
  readonly jws: string;
  /** What the store had lost of the project by then. */
  readonly objects: number;
  readonly versionsBeside: number;
  readonly uploads: number;
  readonly uploadsWithParts: number;
}

/** A receipt or an amendment in its place. */
interface Link {
  readonly sequence: number;
  readonly hash: string | null;
  readonly jws: string;
}

function linkOf(payload: Uint8Array): { sequence: unknown; previous: unknown } {
  const value = JSON.parse(fromUtf8(payload)) as Record<string, unknown>;
  return { sequence: value["sequence"], previous: value["previous"] };
}

/** Every receipt over the whole run (I7): one per project, in one chain, and true. */
export class ReceiptChecks {
  readonly #ground: Ground;
  readonly #signer: Signer;
  readonly #issued = new Map<string, Issued>();
  /** Those that a restored database lost; a copy that is on its way yet may bring one back. */
  readonly #lost = new Map<string, Issued>();
  #last: { readonly sequence: number; readonly hash: string | null } = { sequence: 0, hash: null };

  constructor(ground: Ground, signer: Signer) {
    this.#ground = ground;
    this.#signer = signer;
  }

  get count(): number {
    return this.#issued.size;
  }

  /**
   * The database was put back to an earlier moment. A receipt whose copy lies in the store stays the
   * only one; one without a copy is lost with the database, and its project gets another, unless the
   * copy lands late and is found before that.
   */
  restored(): void {
    const { objects, metadata } = this.#ground;
    const { receipts } = metadata.view().rows;
    for (const [uid, issued] of this.#issued) {
      if (receipts.get(uid)?.receipt.jws === issued.jws) continue;
      if (objects.view().bytesOf(receiptKey(uid)) !== null) continue;
      this.#issued.delete(uid);
      this.#lost.set(uid, issued);
    }
  }

  /** Right after a transaction that completed a deletion whose project had a receipt already. */
  kept(uid: string): void {
    const { metadata, violations } = this.#ground;
    const jws = metadata.view().rows.receipts.get(uid)?.receipt.jws;
    const lost = this.#lost.get(uid);
    if (lost && lost.jws === jws) this.#issued.set(uid, lost);
    this.#lost.delete(uid);
    if (this.#issued.get(uid)?.jws !== jws) violations.add("I7", `${uid} has another receipt`);
    this.#followed();
  }

  /** Right after the transaction that wrote an amendment. */
  amended(): void {
    this.#followed();
  }

  /** The chain has one head, and nothing beside it. */
  #followed(): void {
    const head = this.#chain().at(-1);
    if (head) this.#last = head;
  }

  /** Receipts and amendments as they follow one another. */
  #chain(): readonly Link[] {
    const { receipts, amendments } = this.#ground.metadata.view().rows;
    const links = [
      ...receipts.values().map(({ receipt }) => receipt),
      ...amendments.values().map(({ amendment }) => amendment),
    ];
    return links.sort((a, b) => a.sequence - b.sequence);
  }

  /** Right after the transaction that wrote it. */
  issued(uid: string): void {
    const { metadata, violations, losses, lostBeside, uploadsLost, partsLost } = this.#ground;
    const receipt = metadata.view().rows.receipts.get(uid)?.receipt;
    if (!receipt) return violations.add("I7", `${uid} was completed without a receipt`);
    if (this.#issued.has(uid)) violations.add("I7", `${uid} got a second receipt`);
    if (this.#ground.restored === null && receipt.sequence !== this.#last.sequence + 1)
      violations.add("I7", `${uid} breaks the chain`);
    this.#lost.delete(uid);
    this.#issued.set(uid, {
      jws: receipt.jws,
      objects: losses.of(uid),
      versionsBeside: lostBeside.versionsOf(uid),
      uploads: uploadsLost.of(uid),
      uploadsWithParts: partsLost.of(uid),
    });
    this.#last = { sequence: receipt.sequence, hash: receipt.hash };
    if (receiptHash(receipt.jws) !== receipt.hash) violations.add("I7", `${uid}: wrong hash`);
  }

  /** At the end: none was changed or lost, each verifies, and its counts are what the store lost. */
  async check(): Promise<void> {
    const { metadata, violations } = this.#ground;
    const { receipts } = metadata.view().rows;
    for (const uid of receipts.keys()) {
      if (!this.#issued.has(uid)) violations.add("I7", `the receipt of ${uid} came from nowhere`);
    }
    await this.#checkChain();
    for (const [uid, issued] of this.#issued) {
      if (receipts.get(uid)?.receipt.jws !== issued.jws) {
        violations.add("I7", `the receipt of ${uid} was changed`);
      }
      await this.#checkOne(uid, issued);
    }
  }

  /** Each names the one before; where a backup lost one of them, its place stays empty. */
  async #checkChain(): Promise<void> {
    const { violations, restored } = this.#ground;
    let before: Link = { sequence: 0, hash: null, jws: "" };
    for (const link of this.#chain()) {
      const { sequence, previous } = linkOf(await this.#signer.verify(link.jws, []));
      const follows = link.sequence === before.sequence + 1;
      if (sequence !== link.sequence || link.sequence === before.sequence) {
        violations.add("I7", `two have the place ${link.sequence} in the chain`);
      } else if (follows ? previous !== before.hash : restored === null) {
        violations.add("I7", `the chain is broken before ${link.sequence}`);
      }
      before = link;
    }
  }

  async #checkOne(uid: string, issued: Issued): Promise<void> {
    const { metadata, violations } = this.#ground;
    const payload = parseReceipt(await this.#signer.verify(issued.jws, []));
    const { surfaces, totals, times, project, deletion } = payload;
    const row = metadata.view().rows.deletions.get(deletion);
    if (project.uid !== uid || row?.projectUid !== uid) {
      violations.add("I7", `the receipt of ${uid} names another project or deletion`);
    }
    if (Date.parse(times.purgeStartedAt) < (row?.purgeAfter ?? 0)) {
      violations.add("I6", `${uid} was purged within its grace`);
    }
    // The removal log of a restored database begins anew.
    if (this.#ground.restored !== null) return;
    const stated = (multipart: boolean): number =>
      surfaces
        .filter(({ surface }) => surface !== "cdn" && (surface === "multipart") === multipart)
        .reduce((sum, { deleted }) => sum + deleted, 0);
    // What the late removal of a single file took after the purge began, no listing showed: its key is
    // absent, once, however many versions an adopted one had.
    const absent = totals.absent + issued.versionsBeside;
    checkCount(this.#ground, `objects of ${uid}`, stated(false), issued.objects, absent);
    // One without parts held nothing; where a retried call made two of one key, one may go uncounted.
    const unseen = issued.uploads - issued.uploadsWithParts;
    checkCount(this.#ground, `uploads of ${uid}`, stated(true), issued.uploads, unseen);
    if (payload.merkle.leaves !== totals.deleted) {
      violations.add("I7", `the receipt of ${uid} has ${payload.merkle.leaves} leaves`);
    }
  }
}

/** @param unseen how many of the lost ones no listing may have shown */
function checkCount(
  { violations }: Ground,
  what: string,
  stated: number,
  lost: number,
  unseen: number,
): void {
  if (lost >= stated && lost <= stated + unseen) return;
  violations.add("I7", `the receipt states ${stated} ${what}, the store lost ${lost}`);
}

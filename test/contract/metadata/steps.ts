import { createHash } from "node:crypto";
import type { Deletion, Evidence } from "../../../src/core/model.ts";
import type { Claim, RemovalEntry, Sealed, SealFacts } from "../../../src/ports/metadata/index.ts";
import { type Fixture, LONG_MS, next } from "./base.ts";

/** An id that says nothing of when it was made: its digits are turned round. */
export function newDeletionId(): string {
  const digits = String(next()).padStart(12, "0").split("").toReversed().join("");
  return `DELETE-${digits}`;
}

export async function trash(
  { store }: Fixture,
  projectUid: string,
  graceMs = 0,
): Promise<Deletion> {
  const { deletion } = await store.requestDeletion({
    id: newDeletionId(),
    projectUid,
    requestedBy: "tester",
    graceMs,
    salt: new Uint8Array(32).fill(next() % 256),
  });
  return deletion;
}

export async function claim({ store }: Fixture, id: string, leaseMs = LONG_MS): Promise<Claim> {
  const claimed = await store.claimDeletion(id, leaseMs);
  if (!claimed) throw new Error(`${id} should have been claimable`);
  return claimed;
}

/** A claimed deletion, for calls that name both. */
export interface Held {
  readonly id: string;
  readonly token: number;
  readonly projectUid: string;
}

/** Trashes the project without grace, claims its deletion and begins the purge. */
export async function purging(fixture: Fixture, projectUid: string): Promise<Held> {
  const { id } = await trash(fixture, projectUid);
  const { token } = await claim(fixture, id);
  await fixture.store.advance(id, token, "purge-began");
  return { id, token, projectUid };
}

/** As `purging`, on to `verifying`, with a fence where asked. */
export async function verifying(fixture: Fixture, projectUid: string, fence = true): Promise<Held> {
  const held = await purging(fixture, projectUid);
  if (fence) {
    const { id, token } = held;
    const unsettled = await fixture.store.unsettledUploads(id, token, 1000);
    await fixture.store.settleForFence(
      id,
      token,
      unsettled.map((upload) => upload.id),
    );
    await fixture.store.recordFence(id, token);
  }
  await fixture.store.advance(held.id, held.token, "swept");
  return held;
}

export async function goodEvidence(
  { store }: Fixture,
  values: Partial<Evidence> = {},
): Promise<Evidence> {
  const at = await store.now();
  return { surface: "canonical", prefix: "projects/x/", at, pages: 1, entries: 0, ...values };
}

/** A deletion that nothing stands against any more. */
export async function sealable(fixture: Fixture, projectUid: string): Promise<Held> {
  const held = await verifying(fixture, projectUid);
  const { store } = fixture;
  await store.recordEvidence(held.id, held.token, [await goodEvidence(fixture)]);
  while ((await store.eraseRows(held.id, held.token, 1000)) > 0);
  return held;
}

export const hashOf = (jws: string): string => createHash("sha256").update(jws).digest("base64url");

/** Writes the facts of the chain into what stands for a receipt here. */
export async function seal(facts: SealFacts): Promise<Sealed> {
  const jws = `receipt ${facts.sequence} of ${facts.deletion.id}`;
  return { jws, hash: hashOf(jws) };
}

export function complete({ store }: Fixture, held: Held): Promise<Deletion> {
  return store.completeDeletion(held.id, held.token, seal);
}

/** An entry of the removal log for the key, unlike that of any other key. */
export function entryOf(key: string, bytes = 1): RemovalEntry {
  const keyHash = createHash("sha256").update(key).digest();
  const leaf = createHash("sha256").update(keyHash).update(String(bytes)).digest();
  return { keyHash: Uint8Array.from(keyHash), leaf: Uint8Array.from(leaf), bytes };
}

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Deletion } from "../../src/core/model.ts";
import { FAULTS, type FaultKind } from "../contract/faults/kinds.ts";
import type { FaultySubject } from "../contract/faults/meeting.ts";
import { cephSubject, withOwnFaults } from "../contract/faults/ceph-subject.ts";
import { CALLS, type FaultyCall } from "../contract/faults/calls.ts";
import { expected } from "../contract/faults/table.ts";
import type { LateFault } from "../wire/fault-kinds.ts";
import type { Fault } from "../wire/fault.ts";
import type { Faults, Planned } from "../wire/faults.ts";
import type { Operation } from "../wire/operations.ts";
import { FaultyDeletion } from "./faulty-deletion.ts";

const TIMEOUT_MS = 120_000;

/** Attempts by hand until all that was planted is used up. */
const RETRIES_MAX = 60;

/** What a deletion asks of a store. */
const OPERATIONS: readonly Operation[] = [
  "PutObject",
  "GetObject",
  "ListObjectsV2",
  "ListObjectVersions",
  "ListMultipartUploads",
  "ListParts",
  "DeleteObjects",
  "DeleteObject",
  "AbortMultipartUpload",
];

/** Where a fault stands, each with all requests by which the deletion could go round it. */
const PLACES: readonly (readonly Operation[])[] = [
  ["ListObjectsV2", "ListObjectVersions"],
  ["DeleteObjects", "DeleteObject"],
  ["ListMultipartUploads"],
  ["AbortMultipartUpload"],
];

let ceph: FaultySubject & AsyncDisposable;
beforeAll(async () => {
  ceph = await cephSubject();
});
afterAll(async () => await ceph[Symbol.asyncDispose]());

/** Calls of these requests that can meet the fault. */
function callsAt(kind: FaultKind, place: readonly Operation[]): readonly FaultyCall[] {
  return CALLS.filter((call) => place.includes(call.operation) && kind.cannot(call) === null);
}

/** One kind of fault wherever it is planted, and what is late by it. */
class Planting {
  readonly #faults: Faults;
  readonly #kind: FaultKind;
  readonly #landing = Promise.withResolvers<void>();
  readonly #landings: Promise<void>[] = [];
  readonly #planned: Planned[] = [];

  constructor(faults: Faults, kind: FaultKind) {
    this.#faults = faults;
    this.#kind = kind;
  }

  plant(operation: Operation, times: number | null): void {
    const { make } = this.#kind;
    if (make === "nobody listens") throw new Error("no proxy can plant that");
    const fault = (): Fault => {
      const one: Fault & Partial<LateFault> = make(this.#landing.promise);
      if (one.hasLanded) this.#landings.push(one.hasLanded);
      return one;
    };
    const target = { operation, ...(times === null ? {} : { times }) };
    this.#planned.push(this.#faults.plan(target, fault));
  }

  get hits(): number {
    return this.#planned.reduce((sum, { hits }) => sum + hits, 0);
  }

  async heal(): Promise<void> {
    this.#faults.clear();
    this.#landing.resolve();
    await Promise.all(this.#landings);
  }
}

/** Completed, or blocked with what is left named, and then without a receipt (I3, I5). */
async function expectHonest(world: FaultyDeletion, deletion: Deletion): Promise<void> {
  if (deletion.state === "completed") {
    expect(await world.left()).toBe("");
    return;
  }
  expect(deletion.blocked?.code).toMatch(/^[a-z-]+$/);
  expect(deletion.blocked?.reason).not.toBe("");
  expect(await world.receipt()).toBeNull();
  for (const { key, outcome } of await world.residue(deletion.id)) {
    expect(world.isOwn(key), key).toBe(true);
    expect(["failed", "blocked", "unknown"]).toContain(outcome);
  }
}

/** With exact counts, of which nothing was counted twice or missed (I7). */
async function expectCompleted(world: FaultyDeletion, deletion: Deletion): Promise<void> {
  expect(deletion.state).toBe("completed");
  expect(await world.left()).toBe("");
  const receipt = await world.receipt();
  expect(receipt?.totals).toMatchObject({ deleted: world.removable, absent: 0 });
  expect(receipt?.merkle.leaves).toBe(world.removable);
}

/** What a deletion must be blocked by while the fault stands there; null where it may end as well. */
function blockedBy(kind: FaultKind, place: readonly Operation[]): string | null {
  const calls = callsAt(kind, place);
  // It may go round a fault of batches by single removals, or the other way.
  if (!place.every((operation) => calls.some((call) => call.operation === operation))) return null;
  const codes = calls.map((call) => {
    const [end = "", state = ""] = expected(kind.name, call, { completesAgain: true }).split(
      /[,;] /,
    );
    const [code = ""] = end.split(" ");
    if (!call.isWrite) return code === "done" ? null : code;
    if (state !== "as before") return null;
    return code === "done" || code.startsWith("no-such-") ? "reappeared" : code;
  });
  return codes.find((code) => code === null) === null ? null : (codes[0] ?? null);
}

/** Standing, it is a listing of ten thousand pages each time: test/services/races.test.ts has it. */
const ENDLESS = "page of no entries";

const PLANTED = FAULTS.filter(({ make }) => make !== "nobody listens");
const ONCE = PLANTED.flatMap((kind) =>
  [false, true].map((isVersioned) => ({ name: kind.name, kind, isVersioned })),
);
const STANDING = PLANTED.map((kind, i) => {
  const places = PLACES.filter((place) => callsAt(kind, place).length > 0);
  const place = places[i % places.length] ?? [];
  return { name: kind.name, kind, place, where: place[0] ?? "" };
}).filter(({ place, name }) => place.length > 0 && name !== ENDLESS);

// They wait far more than they work: for a store that hangs, and between attempts.
describe("a whole deletion on Ceph", { timeout: TIMEOUT_MS, concurrent: true }, () => {
  it.for(ONCE)(
    "that meets it once in each kind of request ends with one exact receipt: $name (versions: $isVersioned)",
    async ({ kind, isVersioned }) => {
      const options = { isVersioned, hangs: kind.hangs === true };
      await using subject = await withOwnFaults(ceph);
      await using world = await FaultyDeletion.start(subject, options);
      const sibling = await world.sibling();
      const receipts = world.watchReceipt();
      const planting = new Planting(subject.faults, kind);
      const met = OPERATIONS.filter((operation) => callsAt(kind, [operation]).length > 0);
      for (const operation of met) planting.plant(operation, kind.times ?? 1);
      let ended = await world.request();
      for (let i = 0; i < RETRIES_MAX && ended.state !== "completed"; i++) {
        await expectHonest(world, ended);
        ended = await world.retry(ended.id);
      }
      if (met.length > 0) expect(planting.hits).toBeGreaterThan(0);
      await planting.heal();
      await expectCompleted(world, ended);
      expect(receipts.issued).toBe(1);
      expect(await world.sibling()).toBe(sibling);
    },
  );

  it.for(STANDING)(
    "that meets it at every $where is blocked or ends rightly, and completes without: $name",
    async ({ kind, place }) => {
      const options = { isVersioned: false, hangs: kind.hangs === true };
      await using subject = await withOwnFaults(ceph);
      await using world = await FaultyDeletion.start(subject, options);
      const sibling = await world.sibling();
      const receipts = world.watchReceipt();
      const planting = new Planting(subject.faults, kind);
      for (const operation of place) planting.plant(operation, null);
      const stood = await world.request();
      expect(planting.hits).toBeGreaterThan(0);
      await expectHonest(world, stood);
      const code = blockedBy(kind, place);
      if (code !== null) expect(stood.blocked?.code).toBe(code);
      if (stood.blocked) expect((await world.residue(stood.id)).length).toBeGreaterThan(0);
      expect(await world.sibling()).toBe(sibling);
      await planting.heal();
      const ended = stood.state === "completed" ? stood : await world.retry(stood.id);
      await expectCompleted(world, ended);
      expect(receipts.issued).toBe(1);
      expect(await world.sibling()).toBe(sibling);
    },
  );
});

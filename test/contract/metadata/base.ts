import { afterEach, beforeEach, expect } from "vitest";
import { type ErrorCode, ExpungeError } from "../../../src/core/errors.ts";
import { makeUid } from "../../../src/core/ids.ts";
import { type MetadataStore, StaleClaimError } from "../../../src/ports/metadata/index.ts";

/** One fresh, empty store under test. */
export interface Subject {
  readonly store: MetadataStore;
  /** Moves the database's clock where it can, else waits. */
  advance(ms: number): Promise<void>;
  cleanup(): Promise<void>;
}

/** The store of the test that runs. */
export interface Fixture {
  readonly store: MetadataStore;
  advance(ms: number): Promise<void>;
}

/** Long enough to outlast any test, on stores whose clock cannot be moved. */
export const LONG_MS = 3_600_000;
/** Short enough to be waited for. */
export const SHORT_MS = 500;
export const PAST_SHORT_MS = 600;

/** Gives every test of the enclosing `describe` a store of its own. */
export function useStore(make: () => Promise<Subject>): Fixture {
  let subject: Subject | undefined;
  beforeEach(async () => {
    subject = await make();
  });
  afterEach(async () => {
    await subject?.cleanup();
    subject = undefined;
  });
  const current = (): Subject => {
    if (!subject) throw new Error("the store is there within a test only");
    return subject;
  };
  return {
    get store() {
      return current().store;
    },
    advance: (ms) => current().advance(ms),
  };
}

let serial = 0;

/** A number that no other call in this process gets. */
export function next(): number {
  return ++serial;
}

/** A uid that sorts after all that were made before it. */
export function newUid(): string {
  return makeUid(1_700_000_000_000 + next(), new Uint8Array(10).fill(7));
}

export async function expectCode(call: Promise<unknown>, code: ErrorCode): Promise<void> {
  const error = await failureOf(call);
  expect(error).toBeInstanceOf(ExpungeError);
  expect(error).toHaveProperty("code", code);
}

export async function expectStale(call: Promise<unknown>): Promise<void> {
  expect(await failureOf(call)).toBeInstanceOf(StaleClaimError);
}

export async function failureOf(call: Promise<unknown>): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    return error;
  }
  throw new Error(`the call should have failed; it answered ${JSON.stringify(answer)}`);
}

/** Calls in the given order or turned round, so that a store that takes them in turn sees both. */
export function inTurn<T>(calls: readonly T[], round: number): readonly T[] {
  return round % 2 === 0 ? calls : calls.toReversed();
}

/** Compares instants where the database's clock may run meanwhile. */
export function expectAbout(actual: number | null | undefined, wanted: number): void {
  expect(actual).toBeTypeOf("number");
  expect(Math.abs((actual ?? 0) - wanted)).toBeLessThan(30_000);
}

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CALLS, type FaultyCall } from "./calls.ts";
import { FAULTS } from "./kinds.ts";
import { type FaultySubject, Meeting } from "./meeting.ts";
import { type Differences, expected } from "./table.ts";

/** Each row is a few requests; a hundred megabytes take their time. */
const TIMEOUT_MS = 120_000;

export interface FaultSuite {
  readonly name: string;
  readonly differences: Differences;
  readonly start: () => Promise<FaultySubject & AsyncDisposable>;
}

/**
 * The table of faults, row by row: of each call and each fault that it can meet, how it ends, what lies
 * in the store then, and that the same call made again comes to the right end.
 */
export function faultContract({ name, differences, start }: FaultSuite): void {
  describe(`the contract by faults on ${name}`, () => {
    let subject: FaultySubject & AsyncDisposable;
    const good = new Map<string, string>();

    beforeAll(async () => {
      subject = await start();
      for (const call of CALLS) {
        await using meeting = new Meeting(subject, call);
        good.set(call.name, await meeting.good());
      }
    });
    afterAll(async () => await subject[Symbol.asyncDispose]());

    it.for(FAULTS)(
      "$name: every call ends as the table says",
      { timeout: TIMEOUT_MS },
      async (kind) => {
        const calls = CALLS.filter((call) => kind.cannot(call) === null);
        const outcomes = new Map<string, string>();
        const meet = async (call: FaultyCall): Promise<void> => {
          await using meeting = new Meeting(subject, call);
          outcomes.set(call.name, await meeting.outcome(kind, good.get(call.name) ?? ""));
        };
        // What is asked of a bucket is asked by every store, and its fault would be met by any of them.
        const [ofBucket, others] = partition(calls, ({ name }) => name === "capabilities");
        if (kind.hangs) await Promise.all(others.map(meet));
        else for (const call of others) await meet(call);
        for (const call of ofBucket) await meet(call);
        const rows = calls.map((call) => [call.name, expected(kind.name, call, differences)]);
        expect(Object.fromEntries(outcomes)).toEqual(Object.fromEntries(rows));
      },
    );
  });
}

function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): readonly [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

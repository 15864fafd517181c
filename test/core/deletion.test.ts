import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DELETION_EVENTS,
  DELETION_STATES,
  type DeletionEvent,
  isTerminal,
  projectStateOf,
  transition,
} from "../../src/core/deletion.ts";
import type { DeletionState } from "../../src/core/model.ts";

/** The arrows of the diagram in ARCHITECTURE.md, "The deletion", written down a second time. */
const ARROWS = new Set([
  "trashed purge-began deleting",
  "trashed restored restored",
  "deleting swept verifying",
  "verifying found deleting",
  "verifying verified completed",
]);

const anyState = fc.constantFrom(...DELETION_STATES);
const anyEvent = fc.constantFrom(...DELETION_EVENTS);

/** Every state that the events pass through, refused events leaving it as it was. */
function walk(events: readonly DeletionEvent[]): readonly DeletionState[] {
  const path: DeletionState[] = ["trashed"];
  for (const event of events) {
    const state = path.at(-1) ?? "trashed";
    path.push(transition(state, event) ?? state);
  }
  return path;
}

describe("the deletion's state machine", () => {
  test("exactly the arrows of the design are allowed", () => {
    const found = DELETION_STATES.flatMap((state) =>
      DELETION_EVENTS.flatMap((event) => {
        const next = transition(state, event);
        return next === null ? [] : [`${state} ${event} ${next}`];
      }),
    );
    expect(new Set(found)).toEqual(ARROWS);
    expect(found).toHaveLength(ARROWS.size);
  });

  test("from an end nothing leads on, from everything else something does", () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const leads = DELETION_EVENTS.some((event) => transition(state, event) !== null);
        expect(isTerminal(state)).toBe(!leads);
      }),
    );
    expect(DELETION_STATES.filter(isTerminal)).toEqual(["completed", "restored"]);
  });

  test("whatever happens, an undo comes only before the purge and a receipt only after a sweep", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        const path = walk(events);
        const began = path.indexOf("deleting");
        const restored = path.indexOf("restored");
        const completed = path.indexOf("completed");
        expect(began >= 0 && restored >= 0).toBe(false);
        if (completed >= 0) {
          expect(path[completed - 1]).toBe("verifying");
          expect(began).toBeGreaterThan(0);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("from every state that a deletion can reach an end can be reached", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        const rest: DeletionEvent[] = ["purge-began", "swept", "verified"];
        expect(isTerminal(walk([...events, ...rest]).at(-1) ?? "trashed")).toBe(true);
      }),
    );
  });

  test("a project never goes back to being readable once its purge began", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        const states = walk(events).map(projectStateOf);
        const began = states.indexOf("deleting");
        if (began < 0) return;
        for (const state of states.slice(began)) expect(["deleting", "deleted"]).toContain(state);
        const deleted = states.indexOf("deleted");
        if (deleted < 0) return;
        expect(new Set(states.slice(deleted))).toEqual(new Set(["deleted"]));
      }),
    );
  });

  test("the project's state follows from the deletion's", () => {
    expect(DELETION_STATES.map((state) => [state, projectStateOf(state)])).toEqual([
      ["trashed", "trashed"],
      ["deleting", "deleting"],
      ["verifying", "deleting"],
      ["completed", "deleted"],
      ["restored", "active"],
    ]);
  });
});

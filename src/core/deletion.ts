import type { DeletionState, ProjectState } from "./model.ts";

/**
 * What can happen to a deletion. `blocked` is no state but a field beside it, so it has no event here.
 * - `purge-began`: the grace is over by the database's clock; from here there is no undo
 * - `restored`: undone within the grace
 * - `swept`: a whole pass over every surface left no residue
 * - `found`: the verification listing showed something
 * - `verified`: every surface was listed empty after the fence; the receipt is written with it (R7)
 */
export const DELETION_EVENTS = ["purge-began", "restored", "swept", "found", "verified"] as const;
export type DeletionEvent = (typeof DELETION_EVENTS)[number];

export const DELETION_STATES = [
  "trashed",
  "deleting",
  "verifying",
  "completed",
  "restored",
] as const satisfies readonly DeletionState[];

const TRANSITIONS: Readonly<
  Record<DeletionState, Readonly<Partial<Record<DeletionEvent, DeletionState>>>>
> = {
  trashed: { "purge-began": "deleting", restored: "restored" },
  deleting: { swept: "verifying" },
  verifying: { found: "deleting", verified: "completed" },
  completed: {},
  restored: {},
};

/** The next state, or null where the event is not allowed. Every store applies this one table. */
export function transition(state: DeletionState, event: DeletionEvent): DeletionState | null {
  return TRANSITIONS[state][event] ?? null;
}

/** Whether a deletion has come to an end from which nothing leads on. */
export function isTerminal(state: DeletionState): boolean {
  return Object.keys(TRANSITIONS[state]).length === 0;
}

/** The state of the project while its deletion is in the given state. */
export function projectStateOf(state: DeletionState): ProjectState {
  switch (state) {
    case "trashed":
      return "trashed";
    case "deleting":
    case "verifying":
      return "deleting";
    case "completed":
      return "deleted";
    case "restored":
      return "active";
  }
}

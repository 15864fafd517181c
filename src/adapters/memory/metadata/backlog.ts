import { isTerminal } from "../../../core/deletion.ts";
import type { Backlog, OpenDeletions } from "../../../ports/metadata/index.ts";
import { mayPurge } from "./deletions.ts";
import { isHeld } from "./files.ts";
import type { Tx } from "./state.ts";

export function backlog(tx: Tx): Backlog {
  const open = [...tx.rows.deletions.values()].filter(({ state }) => !isTerminal(state));
  const inState = (state: keyof OpenDeletions): number =>
    open.filter((row) => row.state === state).length;
  const due = open.filter((row) => mayPurge(tx, row)).map(({ purgeAfter }) => purgeAfter);
  return {
    deletions: {
      trashed: inState("trashed"),
      deleting: inState("deleting"),
      verifying: inState("verifying"),
    },
    blocked: open.filter(({ blocked }) => blocked !== null).length,
    overdueMs: due.length === 0 ? 0 : tx.now - Math.min(...due),
    removals: tx.rows.removals
      .values()
      .filter((row) => !isHeld(row))
      .toArray().length,
    uncopied: [...tx.rows.receipts.values(), ...tx.rows.amendments.values()].filter(
      ({ copied }) => !copied,
    ).length,
  };
}

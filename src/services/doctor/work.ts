import { LIMITS } from "../../core/limits.ts";
import { SECOND_MS } from "../../core/limits/units.ts";
import type { Context } from "../context.ts";
import type { Pulse } from "../pulse.ts";
import { type Check, look, notApplicable, passed, Unexpected } from "./checks.ts";

const SCAN_REMEDY =
  "Look at the log of this process for 'scan for due work'; start it again where it hangs.";
const DELETIONS_REMEDY =
  "Look at each with 'expunge deletion list' and 'expunge deletion show'; the log says why it does not go on.";

/** What a running process knows of its own work, and of what waits for any process. */
export interface Work {
  /** Of the scan for due work; null where this process works on no jobs. */
  readonly pulse: Pulse | null;
}

/** Whether jobs are alive: that due work is looked for, and that somebody does it. */
export async function examineWork(
  { metadata, clock }: Pick<Context, "metadata" | "clock">,
  { pulse }: Work,
): Promise<readonly Check[]> {
  return [
    await look("work-scan", SCAN_REMEDY, async () => {
      if (pulse === null) return notApplicable("this process only serves (EXPUNGE_ROLE=api)");
      const { last, failure, begunAt } = pulse;
      if (failure !== null) throw new Unexpected(`the last scan for due work failed: ${failure}`);
      const agoMs = clock.now() - (last ?? begunAt);
      const seconds = Math.round(agoMs / SECOND_MS);
      const said =
        last === null
          ? `no scan for due work has come through yet, ${seconds} s after the start`
          : `the last scan for due work came through ${seconds} s ago`;
      if (agoMs > LIMITS.doctorScanAgeMaxMs) throw new Unexpected(said);
      return last === null ? notApplicable(said) : passed(said);
    }),
    await look("work-deletions", DELETIONS_REMEDY, async () => {
      const { deletions, blocked, overdueMs } = await metadata.backlog();
      if (blocked > 0) throw new Unexpected(`${blocked} deletions are blocked`);
      const seconds = Math.round(overdueMs / SECOND_MS);
      if (overdueMs > LIMITS.doctorJobDueMaxMs) {
        throw new Unexpected(`a deletion has been due for ${seconds} s and has not ended`);
      }
      const waiting = Object.values(deletions).reduce((sum, count) => sum + count, 0);
      return passed(`${waiting} deletions are under way or wait, none is blocked or overdue`);
    }),
  ];
}

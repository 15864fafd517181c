import { cpus } from "node:os";
import { readFileSync } from "node:fs";
import { descendantsOf } from "./process-tree.ts";

/** Linux counts these in hundredths of a second, whatever the kernel's own clock is. */
const TICKS_PER_SECOND = 100;

/**
 * Watches what the rest of the machine does: all CPU time less that of this process and of everything
 * below it, the tool and a server that was started here included. Figures from a machine on which
 * others work are worth less, and this says how much they did.
 */
export class Others {
  readonly #startedAt = performance.now();
  readonly #before = secondsOfOthers();

  /** Cores that were busy for others since, on average. */
  cores(): number {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    return Math.max(0, (secondsOfOthers() - this.#before) / seconds);
  }
}

function secondsOfOthers(): number {
  const busyMs = cpus().reduce((sum, { times }) => {
    const { user, nice, sys, irq } = times;
    return sum + user + nice + sys + irq;
  }, 0);
  const own = [String(process.pid), ...descendantsOf(process.pid)];
  return busyMs / 1000 - own.reduce((sum, pid) => sum + secondsOf(pid), 0);
}

/** A process's own CPU time and that of its children that ended (proc(5): fields 14 to 17). */
function secondsOf(pid: string): number {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    // It ended just now; its parent has its time.
    return 0;
  }
  // The name before may hold spaces and parentheses; the state is the third field.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = fields.slice(14 - 3, 18 - 3).reduce((sum, field) => sum + Number(field), 0);
  return ticks / TICKS_PER_SECOND;
}

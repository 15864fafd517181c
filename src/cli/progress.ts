import type { DeletionJson } from "../http/schema/index.ts";
import { surfaceLines } from "./deletion-view.ts";
import { formatDuration } from "../core/duration.ts";
import { LIMITS } from "../core/limits.ts";
import { MINUTE_MS, SECOND_MS } from "../core/limits/units.ts";
import type { Clock } from "../ports/clock.ts";
import { count, type Output, write } from "./output.ts";

const UP = (lines: number): string => `\u001B[${lines}A`;
const CLEAR_BELOW = "\u001B[0J";

/**
 * Draws the counts of every surface again and again in one place; on a terminal only, and not with
 * `--json`: in a pipe there is no progress.
 */
export function progressOn(out: Output): {
  readonly show: (deletion: DeletionJson) => Promise<void>;
  readonly end: () => Promise<void>;
} {
  const { stderr } = out.io;
  const isOn = stderr.isTTY === true && !out.isJson;
  let drawn = 0;
  const clear = (): string => (drawn > 0 ? UP(drawn) + CLEAR_BELOW : "");
  return {
    show: async (deletion) => {
      if (!isOn) return;
      const lines = [`${deletion.id} ${deletion.state}`, ...surfaceLines(deletion)];
      const text = clear() + lines.map((line) => `${line}\n`).join("");
      drawn = lines.length;
      await write(stderr, text);
    },
    end: async () => {
      if (isOn) await write(stderr, clear());
      drawn = 0;
    },
  };
}

const CLEAR_LINE = "\r\u001B[2K";

interface OneLine {
  readonly isOn: boolean;
  readonly draw: (text: string) => void;
  /** Takes the line away, once all that was drawn is out. */
  readonly end: () => Promise<void>;
}

/** One line that is drawn again and again; on a terminal only, and not with `--json`. */
function oneLineOn(out: Output): OneLine {
  const { stderr } = out.io;
  const isOn = stderr.isTTY === true && !out.isJson;
  let last: Promise<void> = Promise.resolve();
  return {
    isOn,
    draw: (text) => {
      if (isOn) last = write(stderr, CLEAR_LINE + text);
    },
    end: async () => {
      await last;
      if (isOn) await write(stderr, CLEAR_LINE);
    },
  };
}

/** Draws one number of objects again and again in one line. */
export function countingOn(out: Output): {
  readonly show: (found: number) => void;
  readonly end: () => Promise<void>;
} {
  const { draw, end } = oneLineOn(out);
  return { show: (found) => draw(`${count(found, "object")} found`), end };
}

const BAR_CELLS = 24;

/** Draws how much of a known total is through, how fast, and how long it takes still, in one line. */
export function barOn(
  out: Output,
  { total, clock }: { readonly total: number; readonly clock: Pick<Clock, "now"> },
): { readonly show: (through: number) => void; readonly end: () => Promise<void> } {
  const { isOn, draw, end } = oneLineOn(out);
  const startedAt = clock.now();
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    show: (through) => {
      const now = clock.now();
      if (!isOn || now - drawnAt < LIMITS.progressEveryMs) return;
      drawnAt = now;
      draw(barLine(through, total, now - startedAt));
    },
    end,
  };
}

function barLine(through: number, total: number, elapsedMs: number): string {
  // What came since the count makes the total larger, never the share.
  const all = Math.max(total, through, 1);
  const share = through / all;
  const cells = Math.floor(share * BAR_CELLS);
  const bar = "#".repeat(cells).padEnd(BAR_CELLS, ".");
  const head = `[${bar}] ${Math.floor(share * 100)} %  ${through} of ${count(all, "object")}`;
  if (through === 0 || elapsedMs === 0) return head;
  const perMs = through / elapsedMs;
  const leftMs = (all - through) / perMs;
  const unitMs = leftMs < 2 * MINUTE_MS ? SECOND_MS : MINUTE_MS;
  const left = formatDuration(Math.ceil(leftMs / unitMs) * unitMs);
  return `${head}  ${Math.round(perMs * SECOND_MS)}/s  ${left} left`;
}

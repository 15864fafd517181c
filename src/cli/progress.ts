import type { DeletionJson } from "../http/schema/index.ts";
import { surfaceLines } from "./deletion-view.ts";
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

/** Draws one number of objects again and again in one line; on a terminal only, and not with `--json`. */
export function countingOn(out: Output): {
  readonly show: (found: number) => void;
  readonly end: () => Promise<void>;
} {
  const { stderr } = out.io;
  const isOn = stderr.isTTY === true && !out.isJson;
  let last: Promise<void> = Promise.resolve();
  return {
    show: (found) => {
      if (isOn) last = write(stderr, `${CLEAR_LINE}${count(found, "object")} found`);
    },
    end: async () => {
      await last;
      if (isOn) await write(stderr, CLEAR_LINE);
    },
  };
}

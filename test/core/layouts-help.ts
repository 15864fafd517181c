import { ExpungeError } from "../../src/core/errors.ts";
import type { IdFormat } from "../../src/core/ids.ts";
import { createLayoutSet, type Layout } from "../../src/core/layouts/index.ts";
import { type Conflict, findConflict, provable } from "../../src/core/layouts/overlap.ts";
import { parseLayout } from "../../src/core/layouts/template.ts";

export function conflictOf(format: IdFormat, one: string, other: string): Conflict | null {
  const first = provable(parseLayout(format, { name: "one", template: one }));
  if (one === other) return findConflict(first, first);
  return findConflict(first, provable(parseLayout(format, { name: "other", template: other })));
}

export function trySet(format: IdFormat, templates: readonly string[]): ExpungeError | null {
  try {
    createLayoutSet(
      format,
      templates.map((template, i) => ({ name: `l${i}`, template })),
    );
    return null;
  } catch (error) {
    if (error instanceof ExpungeError) return error;
    throw error;
  }
}

export function layoutsOf(format: IdFormat, ...templates: string[]): Layout[] {
  const definitions = templates.map((template, i) => ({ name: `l${i}`, template }));
  return [...createLayoutSet(format, definitions).layouts];
}

export function layoutOf(format: IdFormat, template: string): Layout {
  const [layout] = layoutsOf(format, template);
  if (!layout) throw new Error("no layout");
  return layout;
}

export function refusal(work: () => unknown): ExpungeError {
  try {
    work();
  } catch (error) {
    if (error instanceof ExpungeError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

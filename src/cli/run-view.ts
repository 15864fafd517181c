import { LIMITS } from "../core/limits.ts";
import type { RunNoteJson } from "../http/schema/common.ts";
import { firstOf } from "./collected.ts";
import { type Output, printable, table } from "./output.ts";

/** What audits, adoptions and relayouts say in the same way. */
interface RunJson {
  readonly state: "running" | "completed";
  readonly complete: boolean;
}

/** A count and what it counts, below the others. */
export function countLine(value: number, words: string): string {
  return `${String(value).padStart(9)}  ${words}`;
}

/**
 * How a run stands, in its colour.
 * @param seen what it has looked at, in words
 * @param incomplete what an end before everything was looked at means
 */
export function standOf(
  out: Output,
  { state, complete }: RunJson,
  seen: string,
  incomplete = "not complete",
): string {
  if (state === "running") return out.style("yellow", `running: ${seen} so far`);
  return complete
    ? out.style("green", `complete: ${seen}`)
    : out.style("red", `${incomplete}: ${seen}`);
}

export function failureLines(
  failure: { readonly code: string; readonly message: string } | null,
): readonly string[] {
  if (failure === null) return [];
  return [`it ended early (${failure.code}): ${printable(failure.message)}`];
}

/** The first of what a run notes, for people; a document has none of them. */
export async function firstNotes(
  out: Output,
  notes: AsyncIterable<RunNoteJson>,
): Promise<readonly RunNoteJson[]> {
  return out.isJson ? [] : await firstOf(notes, LIMITS.runNotesShown);
}

/** @param all how many there are, of which `command` prints every one */
export function noteLines(
  first: readonly RunNoteJson[],
  {
    title,
    all,
    command,
  }: { readonly title: string; readonly all: number; readonly command: string },
): readonly string[] {
  if (first.length === 0) return [];
  const rows = first.map(({ key, code, projectId }) => [code, projectId, key]);
  const more = all - first.length;
  return [
    ...table([title, "project", "key"], rows),
    ...(more > 0 ? [`and ${more} more: ${command}`] : []),
    "",
  ];
}

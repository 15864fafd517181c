import { LIMITS } from "../core/limits.ts";
import type { StoredNote } from "../ports/metadata/index.ts";
import type { Context } from "./context.ts";

/** Everything that a run has noted so far, in order. */
export async function* notesOf(
  { metadata }: Pick<Context, "metadata">,
  runId: string,
): AsyncGenerator<StoredNote> {
  let after = 0;
  for (;;) {
    const page = await metadata.listNotes(runId, { limit: LIMITS.runPageRows, after });
    yield* page;
    const last = page.at(-1);
    if (!last) return;
    after = last.ordinal;
  }
}

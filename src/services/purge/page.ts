import type { Residue, Surface } from "../../core/model.ts";
import type { Removed } from "../removing.ts";
import type { SweepRun } from "./run.ts";

/** Notes what the store said of a page that was asked for (progress, R5); answers what it refused. */
export async function noteRemoved(
  run: SweepRun,
  surface: Surface,
  asked: number,
  { gone, refused }: Removed,
): Promise<readonly Residue[]> {
  await run.record.progress(surface, gone);
  run.log.info({ surface, asked, gone, refused: refused.length }, "page removed");
  return refused.map(({ key, outcome, code, message, versionId }) => ({
    surface,
    key,
    outcome,
    code,
    message: versionId === undefined ? message : `${message} (version ${versionId})`,
  }));
}

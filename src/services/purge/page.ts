import type { Residue, Surface } from "../../core/model.ts";
import { logEntry } from "../../core/removal-log.ts";
import type { Removed } from "../removing.ts";
import type { PurgeRun } from "./run.ts";

/** Something that is about to be removed: what stands for it in the log, and its bytes. */
export interface LogUnit {
  readonly unit: string;
  readonly sizeBytes: number;
}

/** Records a page in the removal log, before the request that removes it (R5). */
export async function recordPage(
  run: PurgeRun,
  surface: Surface,
  units: readonly LogUnit[],
): Promise<void> {
  const page = units.map(({ unit, sizeBytes }) => logEntry(run.salt, surface, unit, sizeBytes));
  await run.record.page(surface, page);
}

/** Notes what the store said of a page that was asked for (progress, R5); answers what it refused. */
export async function noteRemoved(
  run: PurgeRun,
  surface: Surface,
  asked: number,
  { gone, refused }: Removed,
): Promise<readonly Residue[]> {
  await run.record.progress(surface, gone);
  run.log.info({ surface, asked, gone, refused: refused.length }, "page removed");
  run.context.watch.notify(run.deletion.id);
  return refused.map(({ key, outcome, code, message, versionId }) => ({
    surface,
    key,
    outcome,
    code,
    message: versionId === undefined ? message : `${message} (version ${versionId})`,
  }));
}

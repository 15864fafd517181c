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
  const { context, deletion, token, salt } = run;
  const page = units.map(({ unit, sizeBytes }) => logEntry(salt, surface, unit, sizeBytes));
  await context.metadata.recordPage(deletion.id, token, surface, page);
}

/** Notes what the store said of a page that was asked for (progress, R5); answers what it refused. */
export async function noteRemoved(
  run: PurgeRun,
  surface: Surface,
  asked: number,
  { gone, refused }: Removed,
): Promise<readonly Residue[]> {
  const { context, deletion, token } = run;
  await context.metadata.recordProgress(deletion.id, token, surface, gone);
  run.log.info({ surface, asked, gone, refused: refused.length }, "page removed");
  context.watch.notify(deletion.id);
  return refused.map(({ key, outcome, code, message, versionId }) => ({
    surface,
    key,
    outcome,
    code,
    message: versionId === undefined ? message : `${message} (version ${versionId})`,
  }));
}

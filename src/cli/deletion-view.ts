import { ERRORS } from "../core/errors.ts";
import type { DeletionJson, PlanJson } from "../http/schema/index.ts";
import { count, formatBytes, type Output, printable, table } from "./output.ts";

/** Shows a deletion at its end, or where it stands when the command ends. */
export async function showDeletion(out: Output, deletion: DeletionJson): Promise<void> {
  await out.result(documentOf(deletion), () => linesOf(out, deletion));
}

/** The deletion as the API shows it; a blocked one also names the error, as every failure does. */
function documentOf(deletion: DeletionJson): object {
  if (deletion.blocked === null) return deletion;
  const code = "deletion-blocked" as const;
  const error = { code, message: deletion.blocked.reason, remedy: ERRORS[code] };
  return { ...deletion, error };
}

function linesOf(out: Output, deletion: DeletionJson): string[] {
  return [...surfaceLines(deletion), "", ...endLines(out, deletion)];
}

export function surfaceLines(deletion: DeletionJson): string[] {
  const head = ["surface", "found", "deleted", "absent", "failed", "blocked", "unknown", "bytes"];
  const rows = deletion.surfaces.map((one) => [
    one.surface,
    one.found,
    one.deleted,
    one.absent,
    one.failed,
    one.blocked,
    one.unknown,
    one.bytes,
  ]);
  return table(head, rows);
}

function endLines(out: Output, deletion: DeletionJson): string[] {
  const { id, projectId, blocked, state } = deletion;
  const name = `${printable(projectId)} (${id})`;
  if (state === "completed") {
    return [
      `${out.style("green", "deleted and verified:")} ${name}, ${totalsOf(deletion)}`,
      `receipt: expunge receipt show ${deletion.projectUid}`,
      ...deletion.settle.map(
        ({ at, result, found }) => `looked at again ${at}: ${result}, ${count(found, "key")} found`,
      ),
    ];
  }
  if (state === "restored") return [`restored: ${name}; nothing was removed`];
  if (blocked !== null) return blockedLines(out, deletion, blocked);
  if (state === "trashed") {
    return [
      `in grace: ${name} is removed after ${deletion.purgeAfter}`,
      `undo: expunge project restore ${printable(projectId)}`,
    ];
  }
  return [`not finished: ${name} is ${state}`, `look again: expunge deletion watch ${id}`];
}

function blockedLines(
  out: Output,
  deletion: DeletionJson,
  blocked: NonNullable<DeletionJson["blocked"]>,
): string[] {
  const { id, projectId, residue, residueTotal } = deletion;
  const rows = residue.map(({ key, outcome, code, message }) => [key, outcome, code, message]);
  const more = residueTotal > residue.length ? `, the first ${residue.length} of them above` : "";
  return [
    ...(rows.length > 0 ? [...table(["key", "outcome", "code", "message"], rows), ""] : []),
    `${out.style("red", "blocked:")} ${printable(projectId)} (${id}): ${printable(blocked.reason)} (${blocked.code})`,
    `residue: ${count(residueTotal, "key")}${more}; tried again at ${blocked.nextRetryAt}`,
    `what to do: remove the cause, then 'expunge deletion retry ${id}'`,
  ];
}

function totalsOf(deletion: DeletionJson): string {
  const sum = (field: "deleted" | "bytes"): number =>
    deletion.surfaces.reduce((total, one) => total + (one.surface === "cdn" ? 0 : one[field]), 0);
  return `${count(sum("deleted"), "object")}, ${formatBytes(sum("bytes"))}`;
}

/** What a deletion would remove, for people. */
export function planLines(plan: PlanJson): string[] {
  const rows = plan.surfaces.map(({ surface, objects, bytes }) => [surface, objects, bytes]);
  const samples = plan.surfaces.flatMap(({ surface, sampleKeys }) =>
    sampleKeys.map((key) => [surface, key]),
  );
  return [
    ...table(["surface", "objects", "bytes"], rows),
    ...(samples.length > 0 ? ["", ...table(["surface", "sample key"], samples)] : []),
    "",
    `plan: ${count(plan.objects, "object")}, ${formatBytes(plan.bytes)}; nothing was changed`,
  ];
}

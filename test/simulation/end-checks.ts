import { isHeld } from "../../src/adapters/memory/metadata/files.ts";
import { isTerminal } from "../../src/core/deletion.ts";
import { fromUtf8 } from "../../src/core/encoding.ts";
import { type Ground, type ProjectModel, remainsOf } from "./model.ts";

/** Whether all that was begun has come to its end: what liveness asks for (I5, I9). */
export function hasEnded({ metadata, world, playing }: Ground): boolean {
  if (world.underWay > 0 || playing > 0) return false;
  const { deletions, projects, removals, uploads, receipts, runs } = metadata.view().rows;
  for (const { state, projectUid } of deletions.values()) {
    const waits = state === "trashed" && projects.get(projectUid)?.hold !== null;
    if (!isTerminal(state) && !waits) return false;
  }
  const isLive = (uid: string): boolean => {
    const state = projects.get(uid)?.state;
    return state === "active" || state === "trashed";
  };
  for (const { run } of runs.values()) if (run.completedAt === null) return false;
  for (const row of removals.values()) {
    if (!isHeld(row) && isLive(row.removal.projectUid)) return false;
  }
  for (const { upload } of uploads.values()) {
    if (upload.state === "open" || upload.state === "committed") continue;
    if (isLive(upload.projectUid)) return false;
  }
  for (const { copied } of receipts.values()) if (!copied) return false;
  for (const { state, hold, expiresAt } of projects.values()) {
    if (state === "active" && hold === null && (expiresAt ?? world.nowMs + 1) <= world.nowMs) {
      return false;
    }
  }
  return true;
}

/** Holds the end of a run against what its clients were told. */
export function checkEnd(ground: Ground): void {
  const { metadata, violations } = ground;
  const { rows } = metadata.view();
  if (!hasEnded(ground)) violations.add("I9", `not all has ended: ${whatGoesOn(ground)}`);
  for (const model of ground.projects) {
    const project = rows.projects.get(model.uid);
    if (ground.restored?.buried.has(model.uid) && project?.state !== "deleted") {
      violations.add("I11", `${model.id} is '${project?.state}' after the database was restored`);
    } else if (project?.state === "deleted") checkDeleted(ground, model);
    // What a backup does not hold is lost with the database: rows, and who knew of the objects.
    else if (ground.restored === null) {
      if (project) checkLive(ground, model);
      else violations.add("I2", `project ${model.id} is gone without a trace`);
    }
  }
}

function whatGoesOn({ metadata, world }: Ground): string {
  const { deletions, removals, uploads } = metadata.view().rows;
  const standing = [...deletions.values()].filter(({ state }) => !isTerminal(state));
  const named = standing.map(({ id, state, blocked }) => `${id} ${state} ${blocked?.reason ?? ""}`);
  const rest = `${removals.size} removals, ${uploads.size} uploads, ${world.underWay} under way`;
  return [...named, rest].join("; ");
}

function checkDeleted(ground: Ground, model: ProjectModel): void {
  const { metadata, violations } = ground;
  const { files, uploads, removals, receipts } = metadata.view().rows;
  if (!model.deletionRequested) violations.add("I4", `${model.id} was deleted unasked`);
  for (const what of remainsOf(ground, model)) violations.add("I1", `${what} outlived its receipt`);
  if (!receipts.has(model.uid)) violations.add("I7", `${model.id} is deleted without a receipt`);
  const left =
    (files.get(model.uid)?.size ?? 0) +
    uploads
      .values()
      .filter(({ upload }) => upload.projectUid === model.uid)
      .toArray().length +
    removals
      .values()
      .filter(({ removal }) => removal.projectUid === model.uid)
      .toArray().length;
  if (left > 0) violations.add("R7", `${left} rows of ${model.id} are left`);
}

function checkLive(ground: Ground, model: ProjectModel): void {
  const { metadata, violations, objects } = ground;
  const { rows } = metadata.view();
  const contents = new Map<string, string>();
  const named = new Set<string>();
  const view = objects.view();
  for (const file of rows.files.get(model.uid)?.values() ?? []) {
    if (file.key === null) contents.set(file.path, "");
    else {
      named.add(file.key);
      const bytes = view.bytesOf(file.key);
      if (!bytes) violations.add("I2", `${model.id}: the object of ${file.path} is gone`);
      else contents.set(file.path, fromUtf8(bytes));
    }
  }
  for (const { removal } of rows.removals.values()) named.add(removal.key);
  for (const [path, possible] of model.files) {
    const found = contents.get(path) ?? null;
    if (possible.has(found)) continue;
    violations.add("I2", `live ${model.id}: ${path} reads ${found ?? "nothing"}`);
  }
  for (const [key, text] of model.planted) {
    const bytes = view.bytesOf(key);
    if (!bytes || fromUtf8(bytes) !== text)
      violations.add("I4", `${key} of a live project is gone`);
  }
  // A committed upload's object is its file's; of an open one there is none.
  for (const { prefix, owns } of ground.layouts.surfacesFor(model)) {
    for (const key of view.keysBelow(prefix)) {
      if (!owns(key) || named.has(key) || model.planted.has(key)) continue;
      violations.add("R12", `${key} of live ${model.id} is an orphan`);
    }
  }
}

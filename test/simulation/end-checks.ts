import type { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { isTerminal } from "../../src/core/deletion.ts";
import { fromUtf8 } from "../../src/core/encoding.ts";
import type { LayoutSet } from "../../src/core/layouts/index.ts";
import { parseReceipt } from "../../src/core/receipt.ts";
import type { Project } from "../../src/core/model.ts";
import type { MetadataStore } from "../../src/ports/metadata/index.ts";
import type { Signer } from "../../src/ports/signer.ts";
import type { Losses } from "./checked-store.ts";
import type { ProjectModel, Violations } from "./model.ts";

export interface End {
  readonly objects: MemoryObjectStore;
  readonly metadata: MetadataStore;
  readonly layouts: LayoutSet;
  readonly projects: readonly ProjectModel[];
  readonly losses: Losses;
  readonly violations: Violations;
  readonly signer: Signer;
}

/** Holds the end of a run against what its clients were told. Answers how many projects were deleted. */
export async function checkEnd(end: End): Promise<number> {
  let deleted = 0;
  for (const deletion of await end.metadata.listDeletions({ limit: 1000 })) {
    if (isTerminal(deletion.state)) continue;
    const why = deletion.blocked ? ` (blocked: ${deletion.blocked.reason})` : "";
    end.violations.add("I9", `${deletion.id} is still '${deletion.state}'${why}`);
  }
  for (const model of end.projects) {
    const project = await end.metadata.findProjectByUid(model.uid);
    if (!project) end.violations.add("I2", `project ${model.id} is gone without a trace`);
    else if (project.state === "deleted") {
      deleted++;
      await checkDeleted(end, model);
    } else await checkLive(end, model, project);
  }
  return deleted;
}

function ownKeys(end: End, model: ProjectModel): readonly string[] {
  const surfaces = end.layouts.surfacesFor(model);
  return [...end.objects.snapshot().objects.keys()].filter((key) =>
    surfaces.some((surface) => surface.owns(key)),
  );
}

async function checkDeleted(end: End, model: ProjectModel): Promise<void> {
  const { metadata, violations, losses, signer } = end;
  if (!model.deletionRequested) violations.add("I4", `${model.id} was deleted unasked`);
  for (const key of ownKeys(end, model)) violations.add("I1", `${key} outlived its receipt`);
  for (const { key, versionId } of end.objects.snapshot().versions) {
    const own = end.layouts.surfacesFor(model).some((surface) => surface.owns(key));
    if (own) violations.add("I1", `version ${versionId} of ${key} outlived its receipt`);
  }
  for (const upload of end.objects.snapshot().uploads.values()) {
    const own = end.layouts.surfacesFor(model).some((surface) => surface.owns(upload.key));
    // An upload that was created late has no part, and no one ever learned its id (R1).
    if (own && upload.parts.size > 0) violations.add("I1", `a part of ${upload.key} remains`);
  }
  const receipt = await metadata.findReceipt(model.uid);
  if (!receipt) return violations.add("I7", `${model.id} is deleted and has no receipt`);
  const payload = parseReceipt(await signer.verify(receipt.jws, []));
  if (Date.parse(payload.times.purgeStartedAt) < model.purgeNotBefore) {
    violations.add("I6", `${model.id} was purged within its grace`);
  }
  const stated = payload.surfaces
    .filter(({ surface }) => surface !== "multipart")
    .reduce((sum, { deleted }) => sum + deleted, 0);
  const lost = losses.of(model.uid).size;
  // What the late removal of a single file took after the purge began, no listing showed: it is absent.
  if (lost < stated || lost > stated + payload.totals.absent) {
    violations.add("I7", `the receipt of ${model.id} states ${stated}, the store lost ${lost}`);
  }
  const left = await metadata.listFiles(model.uid, { limit: 1 });
  if (left.length > 0) violations.add("R7", `rows of ${model.id} remain`);
}

async function checkLive(end: End, model: ProjectModel, project: Project): Promise<void> {
  const { metadata, violations } = end;
  const contents = new Map<string, string>();
  const named = new Set<string>();
  for (const file of await metadata.listFiles(model.uid, { limit: 1000 })) {
    if (file.key === null) continue;
    named.add(file.key);
    const bytes = end.objects.snapshot().objects.get(file.key);
    if (!bytes) violations.add("I2", `${model.id}: the object of ${file.path} is gone`);
    else contents.set(file.path, fromUtf8(bytes));
  }
  for (const [path, possible] of model.files) {
    const found = contents.get(path) ?? null;
    if (possible.has(found)) continue;
    violations.add("I2", `${project.state} ${model.id}: ${path} reads ${found ?? "nothing"}`);
  }
  for (const [key, text] of model.planted) {
    const bytes = end.objects.snapshot().objects.get(key);
    if (!bytes || fromUtf8(bytes) !== text)
      violations.add("I4", `${key} of a live project is gone`);
  }
  for (const key of ownKeys(end, model)) {
    if (named.has(key) || model.planted.has(key)) continue;
    violations.add("R12", `${key} of live ${model.id} is an orphan`);
  }
}

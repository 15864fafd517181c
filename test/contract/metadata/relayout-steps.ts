import { RELAYOUT_BEGINS, type RelayoutRequest } from "../../../src/core/relayout.ts";
import type { FileMove, LegacyFile, RunClaim } from "../../../src/ports/metadata/index.ts";
import { claim, object, step } from "./adoption-steps.ts";
import { completing, type Fixture, LONG_MS, newUid, next } from "./fixture.ts";

/** A relayout that a worker has. */
export async function claimRelayout(
  { store }: Fixture,
  values: Partial<RelayoutRequest> = {},
  leaseMs = LONG_MS,
): Promise<RunClaim> {
  const { id } = await store.createRun({
    kind: "relayout",
    id: `RELAYOUT-${String(next()).padStart(12, "0")}`,
    requestedBy: "tester",
    request: { action: "copy", of: null, dryRun: false, projects: [], ...values },
    progress: RELAYOUT_BEGINS,
  });
  const taken = await store.claimRun(id, leaseMs);
  if (!taken) throw new Error(`${id} should have been claimable`);
  return taken;
}

/** Files of a project whose objects lie where they were adopted. */
export async function adoptedFiles(
  fixture: Fixture,
  projectId: string,
  count: number,
): Promise<readonly LegacyFile[]> {
  const { run, token } = await claim(fixture);
  const objects = Array.from({ length: count }, () => object(projectId));
  await fixture.store.recordAdoption(run.id, token, step(objects));
  return await fixture.store.listLegacyFiles({ projects: [projectId], limit: 99 });
}

/** What moves a file, with its upload at the point where the copy is there. */
export async function movable(
  fixture: Fixture,
  { file }: LegacyFile,
  values: Partial<FileMove> = {},
): Promise<FileMove & { readonly copyKey: string }> {
  const newFileUid = newUid();
  const copyKey = `projects/${file.projectUid}/${newFileUid}`;
  const upload = await completing(fixture, file.projectUid, {
    path: file.path,
    key: copyKey,
    fileUid: newFileUid,
    direct: false,
  });
  return {
    projectUid: file.projectUid,
    fileUid: file.uid,
    key: file.key,
    objectEtag: `old-${file.key}`,
    newFileUid,
    uploadId: upload.id,
    sha256: null,
    copyKey,
    ...values,
  };
}

import {
  type AdoptableFile,
  ADOPTION_BEGINS,
  type AdoptionRequest,
} from "../../../src/core/adoption.ts";
import type { AdoptionStep, NewRun, RunClaim, RunNote } from "../../../src/ports/metadata/index.ts";
import { type Fixture, LONG_MS, newUid, next } from "./fixture.ts";

export function request(values: Partial<AdoptionRequest> = {}): NewRun {
  return {
    kind: "adoption",
    id: `ADOPT-${String(next()).padStart(12, "0")}`,
    requestedBy: "tester",
    request: { dryRun: false, owner: "owner-2", minAgeMs: 5, prefix: "a/", ...values },
    progress: ADOPTION_BEGINS,
  };
}

export async function claim(
  { store }: Fixture,
  values: Partial<AdoptionRequest> = {},
  leaseMs = LONG_MS,
): Promise<RunClaim> {
  const { id } = await store.createRun(request(values));
  const taken = await store.claimRun(id, leaseMs);
  if (!taken) throw new Error(`${id} should have been claimable`);
  return taken;
}

export function object(projectId: string, values: Partial<AdoptableFile> = {}): AdoptableFile {
  const key = `old/${projectId}/${next()}`;
  const fileUid = newUid();
  const facts = { sizeBytes: 7, contentType: "text/x-odd", etag: `e-${fileUid}` };
  return { fileUid, projectId, path: key, key, modifiedAt: 1_700_000_000_000, ...facts, ...values };
}

export function step(
  files: readonly AdoptableFile[],
  notes: readonly RunNote[] = [],
): AdoptionStep {
  const ids = [...new Set(files.map(({ projectId }) => projectId))];
  const projects = ids.map((id) => ({ id, uid: newUid(), owner: "owner-2" }));
  return { progress: ADOPTION_BEGINS, notes, files, projects };
}

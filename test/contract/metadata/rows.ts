import { createHash } from "node:crypto";
import { expect } from "vitest";
import type { ErrorCode } from "../../../src/core/errors.ts";
import type { FileRow, Project, Upload } from "../../../src/core/model.ts";
import type {
  Committed,
  FilePrecondition,
  NewEmptyFile,
  NewProject,
  NewUpload,
} from "../../../src/ports/metadata/index.ts";
import { type Fixture, LONG_MS, next, newUid, expectCode } from "./base.ts";

export function newProject(values: Partial<NewProject> = {}): NewProject {
  return {
    id: `project-${next()}`,
    uid: newUid(),
    name: "Name",
    owner: "owner-1",
    metadata: {},
    quotaBytes: null,
    ttlMs: null,
    expiresAt: null,
    ...values,
  };
}

export async function makeProject(
  { store }: Fixture,
  values: Partial<NewProject> = {},
): Promise<Project> {
  return await store.createProject(newProject(values));
}

export function newUpload(projectUid: string, values: Partial<NewUpload> = {}): NewUpload {
  const fileUid = newUid();
  return {
    id: newUid(),
    projectUid,
    path: `file-${fileUid}`,
    key: `projects/${projectUid}/${fileUid}`,
    fileUid,
    sizeBytes: 10,
    partSizeBytes: 5,
    contentType: "text/plain",
    metadata: {},
    direct: true,
    storeUploadId: `store-${fileUid}`,
    expiresInMs: LONG_MS,
    ...values,
  };
}

/** An upload that has been opened in the store of objects too. */
export async function openUpload(
  { store }: Fixture,
  projectUid: string,
  values: Partial<NewUpload> = {},
): Promise<Upload> {
  return await store.openUpload(newUpload(projectUid, values));
}

export async function completing(
  fixture: Fixture,
  projectUid: string,
  values: Partial<NewUpload> = {},
): Promise<Upload> {
  const upload = await openUpload(fixture, projectUid, values);
  return await fixture.store.beginCompleting(upload.id);
}

/** What Complete answered, for the upload. */
export function commit(
  { store }: Fixture,
  upload: Upload,
  precondition?: FilePrecondition,
): Promise<Committed> {
  return store.commitUpload(upload.id, {
    sizeBytes: upload.sizeBytes ?? 0,
    sha256: null,
    etag: `etag-${upload.fileUid}`,
    ...(precondition ? { precondition } : {}),
  });
}

export async function addFile(
  fixture: Fixture,
  projectUid: string,
  path: string,
  sizeBytes = 10,
): Promise<FileRow> {
  const upload = await completing(fixture, projectUid, { path, sizeBytes, direct: false });
  return (await commit(fixture, upload)).file;
}

export function emptyFile(projectUid: string, values: Partial<NewEmptyFile> = {}): NewEmptyFile {
  const fileUid = newUid();
  return {
    projectUid,
    path: `empty-${fileUid}`,
    fileUid,
    contentType: "text/plain",
    metadata: {},
    sha256: createHash("sha256").digest("hex"),
    etag: `etag-${fileUid}`,
    ...values,
  };
}

export function keyOf(file: FileRow): string {
  if (file.key === null) throw new Error("the file is empty");
  return file.key;
}

/** Everything of a project that callers can see: what a refused operation must leave as it was. */
export async function observe({ store }: Fixture, projectUid: string): Promise<unknown> {
  return {
    project: await store.findProjectByUid(projectUid),
    files: await store.listFiles(projectUid, { limit: 1000 }),
    tracked: await store.trackedKeys(projectUid, 1000),
    removals: await store.dueRemovals(1000),
    deletion: await store.findDeletionOf(projectUid),
    receipt: await store.findReceipt(projectUid),
  };
}

/** Runs a call that must be refused with the code, and checks that it changed nothing. */
export async function expectRefused(
  fixture: Fixture,
  projectUid: string,
  code: ErrorCode,
  call: () => Promise<unknown>,
): Promise<void> {
  const before = await observe(fixture, projectUid);
  await expectCode(call(), code);
  expect(await observe(fixture, projectUid)).toEqual(before);
}

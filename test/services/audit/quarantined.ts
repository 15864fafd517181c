import type { Audit } from "../../../src/core/audit.ts";
import { canonicalKey, canonicalPrefix, isQuarantineKey } from "../../../src/core/keys.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import type { FindingView } from "../../../src/services/audit/audits.ts";
import { runAudit } from "../../../src/services/audit/run.ts";
import type { Context } from "../../../src/services/context.ts";
import { runPurge } from "../../../src/services/purge/purge.ts";
import { newUid } from "../../contract/metadata/fixture.ts";
import {
  ADMIN,
  makeService,
  putText,
  type TestService,
  type TestServiceOptions,
} from "../../support/context.ts";
import { withMethods } from "../../support/methods.ts";

export const BYTES = new TextEncoder().encode("an orphan");
export const never = new AbortController().signal;

const services: TestService[] = [];

/** Stops what a test has made. */
export async function stopAll(): Promise<void> {
  for (const service of services.splice(0)) await service.stop();
}

export type One = TestService & { readonly uid: string; readonly orphan: string };

/** A service with a project of one file and an orphan; its jobs are run by the test itself. */
export async function service(options: TestServiceOptions = {}, bytes = BYTES): Promise<One> {
  const made = await makeService({ work: false, pauseMaxMs: 1, ...options });
  services.push(made);
  const { id, uid } = await made.services.projects.create(ADMIN, { id: "p1" });
  await putText(made, id, "a", "a");
  const orphan = canonicalKey(uid, newUid());
  await made.objects.put(orphan, bytes);
  return { ...made, uid, orphan };
}

/** Puts a method of the store aside of the audit's own way, once there is something to copy. */
export function wrapped(change: (store: ObjectStore) => Partial<ObjectStore>): TestServiceOptions {
  return { wrap: (store) => withMethods<ObjectStore>(store, change(store)) };
}

export async function quarantined(
  { services: all }: TestService,
  context: Context,
): Promise<{ readonly audit: Audit; readonly findings: readonly FindingView[] }> {
  const { id } = await all.audits.start(ADMIN, { minAgeMs: 0, fix: "orphans", quarantine: true });
  await runAudit(context, id, never);
  const findings: FindingView[] = [];
  for await (const finding of all.audits.findings(ADMIN, id)) findings.push(finding);
  return { audit: await all.audits.get(ADMIN, id), findings };
}

export async function outcomeOf(one: One): Promise<readonly unknown[]> {
  const { findings } = await quarantined(one, one.context);
  const { outcome, code } = findings.find(({ key }) => key === one.orphan) ?? {};
  return [outcome, code];
}

export function keysOf({ objects, uid }: One): readonly string[] {
  return [...objects.view().keysBelow(canonicalPrefix(uid))];
}

export function copiesOf(one: One): readonly string[] {
  return keysOf(one).filter(isQuarantineKey);
}

export function uploadsOf({ objects, metadata }: One): readonly number[] {
  return [objects.snapshot().uploads.size, metadata.view().rows.uploads.size];
}

/** The project, whole. */
export async function deleted(one: One): Promise<void> {
  const { id } = await one.services.deletions.request(ADMIN, "p1", {});
  await runPurge(one.context, id, never);
  const deletion = await one.metadata.findDeletion(id);
  if (deletion?.state !== "completed") throw new Error(`the deletion is ${deletion?.state}`);
}

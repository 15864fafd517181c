import type { Caller } from "../../src/core/caller.ts";
import { ExpungeError, isExpungeError } from "../../src/core/errors.ts";
import type { BulkAnswer } from "../../src/services/bulk-deletions.ts";
import type { Services } from "../../src/services/index.ts";
import { type Api, ask } from "./clients.ts";
import { contentOf, type Ground, hit, type ProjectModel } from "./model.ts";
import { piece } from "./ports.ts";

/** Owns nothing, and has every right but the administrator's. */
const STRANGER: Caller = {
  subject: "mallory",
  rights: new Set(["projects:read", "projects:write", "projects:delete"]),
};

interface Target {
  readonly id: string;
  readonly uid: string;
  readonly deletionId: string;
  readonly uploadId: string;
}

type Attempt = (services: Services, target: Target) => Promise<unknown>;

const body = () => ({
  path: "stolen",
  body: piece(contentOf("x")),
  sizeBytes: 1,
  contentType: "text/plain",
  metadata: {},
  checksums: {},
});
const upload = { path: "stolen", sizeBytes: 1, contentType: "text/plain", metadata: {} };

/** Every operation by which the project of another could be read, listed, changed or deleted (I10). */
export const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  "projects.find": (api, { id }) => api.projects.find(STRANGER, id),
  "projects.get": (api, { id }) => api.projects.get(STRANGER, id),
  "projects.list": async (api) => shown((await api.projects.list(STRANGER, { limit: 10 })).items),
  "projects.update": (api, { id }) => api.projects.update(STRANGER, id, { name: "stolen" }),
  "projects.placeHold": (api, { id }) => api.projects.placeHold(STRANGER, id, "stolen"),
  "projects.releaseHold": (api, { id }) => api.projects.releaseHold(STRANGER, id),
  "files.put": (api, { id }) => api.files.put(STRANGER, id, body()),
  "files.head": (api, { id }) => api.files.head(STRANGER, id, "client1/file-1"),
  "files.get": (api, { id }) => api.files.get(STRANGER, id, "client1/file-1"),
  "files.list": (api, { id }) => api.files.list(STRANGER, id, { limit: 10 }),
  "files.delete": (api, { id }) => api.files.delete(STRANGER, id, "client1/file-1"),
  "files.deleteMany": (api, { id }) => api.files.deleteMany(STRANGER, id, ["client1/file-1"]),
  "files.check": (api, { id }) => api.files.check(STRANGER, id, ["client1/file-1"]),
  "files.move": (api, { id }) => api.files.move(STRANGER, id, "client1/file-1", "stolen"),
  "uploads.open": (api, { id }) => api.uploads.open(STRANGER, id, upload),
  "uploads.openOnce": (api, { id }) => api.uploads.openOnce(STRANGER, id, "key", upload),
  "uploads.partUrl": (api, { id, uploadId }) => api.uploads.partUrl(STRANGER, id, uploadId, 1),
  "uploads.listParts": (api, { id, uploadId }) => api.uploads.listParts(STRANGER, id, uploadId),
  "uploads.complete": (api, { id, uploadId }) => api.uploads.complete(STRANGER, id, uploadId),
  "uploads.abort": (api, { id, uploadId }) => api.uploads.abort(STRANGER, id, uploadId),
  "signedUrls.sign": (api, { id }) => api.signedUrls.sign(STRANGER, id, "client1/file-1", 1000),
  "deletions.plan": (api, { id }) => api.deletions.plan(STRANGER, id),
  "deletions.request": (api, { id }) => api.deletions.request(STRANGER, id, {}),
  "deletions.delete": (api, { id }) => api.deletions.delete(STRANGER, id),
  "deletions.restore": (api, { id }) => api.deletions.restore(STRANGER, id),
  "deletions.get": (api, { deletionId }) => api.deletions.get(STRANGER, deletionId),
  "deletions.list": async (api) => shown((await api.deletions.list(STRANGER, { limit: 10 })).items),
  "deletions.residue": (api, { deletionId }) => api.deletions.residue(STRANGER, deletionId, 10),
  "deletions.allResidue": (api, { deletionId }) =>
    api.deletions.allResidue(STRANGER, deletionId).next(),
  "deletions.retry": (api, { deletionId }) => api.deletions.retry(STRANGER, deletionId),
  "deletions.settles": (api, { deletionId }) => api.deletions.settles(STRANGER, deletionId),
  "bulkDeletions.plan": async (api, { id }) =>
    refusedOf(await api.bulkDeletions.plan(STRANGER, { ids: [id] })),
  "bulkDeletions.request": async (api) =>
    shown((await api.bulkDeletions.request(STRANGER, { namePrefix: "p" }, {})).done),
  "receipts.get": (api, { uid }) => api.receipts.get(STRANGER, uid),
  "debug.cleanupPlan": (api, { id }) => api.debug.cleanupPlan(STRANGER, id),
  "debug.cleanup": (api, { id }) => api.debug.cleanup(STRANGER, id),
  "debug.verifyCleanup": (api, { id }) => api.debug.verifyCleanup(STRANGER, id),
  "debug.projectFiles": (api, { id }) => api.debug.projectFiles(STRANGER, id, 10),
  "debug.selfTest": (api) => api.debug.selfTest(STRANGER),
  "prefixSweeps.request": (api) => api.prefixSweeps.request(STRANGER, "old/", "old/"),
  "prefixSweeps.get": (api) => api.prefixSweeps.get(STRANGER, "SWEEP-000000000000"),
  "audits.start": (api) => api.audits.start(STRANGER, { fix: "orphans", minAgeMs: 0 }),
  "audits.get": (api) => api.audits.get(STRANGER, "AUDIT-000000000000"),
  "adoptions.start": (api) => api.adoptions.start(STRANGER, { dryRun: false, minAgeMs: 0 }),
  "adoptions.get": (api) => api.adoptions.get(STRANGER, "ADOPT-000000000000"),
  "adoptions.projects": (api) => api.adoptions.projects(STRANGER, "ADOPT-000000000000").next(),
  "adoptions.refusals": (api) => api.adoptions.refusals(STRANGER, "ADOPT-000000000000").next(),
  "relayouts.start": (api) => api.relayouts.start(STRANGER, { dryRun: false }),
  "relayouts.get": (api) => api.relayouts.get(STRANGER, "RELAYOUT-000000000000"),
  "relayouts.list": (api) => api.relayouts.list(STRANGER, { limit: 10 }),
  "relayouts.finish": (api) => api.relayouts.finish(STRANGER, "RELAYOUT-000000000000"),
  "relayouts.undo": (api) => api.relayouts.undo(STRANGER, "RELAYOUT-000000000000"),
  "relayouts.spared": (api) => api.relayouts.spared(STRANGER, "RELAYOUT-000000000000").next(),
  "audits.list": (api) => api.audits.list(STRANGER, { limit: 10 }),
  "audits.findings": (api) => api.audits.findings(STRANGER, "AUDIT-000000000000").next(),
  "tokens.create": (api) => api.tokens.create(STRANGER, { name: "stolen", rights: ["admin"] }),
  "tokens.list": (api) => api.tokens.list(STRANGER, { limit: 10 }),
  "tokens.revoke": (api) => api.tokens.revoke(STRANGER, "none"),
  "sessions.createCode": (api) => api.sessions.createCode(STRANGER),
  "auditLog.list": (api) => api.auditLog.list(STRANGER, { limit: 10 }),
  "webhooks.list": (api) => api.webhooks.list(STRANGER),
  "webhooks.test": (api) => api.webhooks.test(STRANGER, "none"),
  "webhooks.retry": (api) => api.webhooks.retry(STRANGER, "none"),
  "monitor.backlog": (api) => api.monitor.backlog(STRANGER),
};

/** Operations that take no caller: what they are given proves the right by itself. */
export const WITHOUT_CALLER: ReadonlySet<string> = new Set([
  "projects.create",
  "projects.createOnce",
  "files.open",
  "uploads.receivePart",
  "signedUrls.resolve",
  "deletions.wait",
  "deletions.isInGrace",
  "tokens.authenticate",
  "sessions.signIn",
  "sessions.find",
  "sessions.end",
  "auditLog.record",
  "receipts.publicKeys",
  "adoptions.now",
  "relayouts.now",
  "audits.now",
  "monitor.databaseTrouble",
]);

/** A list that shows nothing is the right answer, told as a refusal. */
class NothingShown extends Error {}

function shown(items: readonly unknown[]): readonly unknown[] {
  if (items.length === 0) throw new NothingShown();
  return items;
}

/** Of one project: either it was done, or it was refused as one that is not there. */
function refusedOf({ done, refused }: BulkAnswer<unknown>): readonly unknown[] {
  const [only] = refused;
  if (only) throw new ExpungeError(only.code, "refused");
  return done;
}

const REFUSALS = [
  "project-not-found",
  "deletion-not-found",
  "receipt-not-found",
  "forbidden",
] as const;

/** One attempt at a project of another: it must be told that there is none. */
export async function intrude(ground: Ground, project: ProjectModel, api: Api): Promise<void> {
  const { deletions, uploads } = ground.metadata.view().rows;
  const name = ground.world.rng.pick(Object.keys(ATTEMPTS));
  const attempt = ATTEMPTS[name];
  if (!attempt) return;
  const isOwn = ({ projectUid }: { readonly projectUid: string }): boolean =>
    projectUid === project.uid;
  const target: Target = {
    id: project.id,
    uid: project.uid,
    deletionId: deletions.values().find(isOwn)?.id ?? "DELETE-000000000000",
    uploadId: uploads.values().find(({ upload }) => isOwn(upload))?.upload.id ?? "none",
  };
  const reply = await ask(ground, api, (services) => attempt(services, target));
  if (reply.ok) ground.violations.add("I10", `${name} on ${project.id} answered a stranger`);
  else if (reply.error instanceof NothingShown) hit(ground, `stranger ${name}`);
  else if (REFUSALS.some((code) => isExpungeError(reply.error, code))) {
    hit(ground, `stranger ${name}`);
  } else if (isExpungeError(reply.error)) {
    ground.violations.add("I10", `${name} on ${project.id} told a stranger '${reply.error.code}'`);
  }
}

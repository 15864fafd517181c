import type { MemoryMetadataStore } from "../../src/adapters/memory/metadata-store.ts";
import type { DeletionRow } from "../../src/adapters/memory/metadata/state.ts";
import type { DeletionEvent } from "../../src/core/deletion.ts";
import type { MetadataStore } from "../../src/ports/metadata/index.ts";
import { withMethods } from "../support/methods.ts";
import { checkedClaims } from "./checked-claims.ts";
import type { ReceiptChecks } from "./checked-receipts.ts";
import { type Ground, hit, remainsOf } from "./model.ts";

/** Of each file of a project, what its row named when the deletion was requested. */
type Files = ReadonlyMap<string, string | null>;

/**
 * The database with a checker at every effect that moves a deletion:
 * - I3: at the receipt nothing is left and no surface is unknown, in the transaction that writes it
 * - I6: no purge begins before its grace is over or under a hold
 * - I7: one receipt, that states what the store lost
 * - R1: no upload is recorded for, and no file committed to, a project that is not active
 * - I5: nothing of an older claim than the newest takes effect
 * - I8: an undo finds every file that the request found, with its object
 */
export function checkedMetadata(ground: Ground, receipts: ReceiptChecks): MetadataStore {
  const { metadata, violations } = ground;
  const atRequest = new Map<string, Files>();
  const rowOf = (id: string): DeletionRow | undefined => metadata.view().rows.deletions.get(id);
  const moved = (state: string | undefined, event: DeletionEvent): void =>
    hit(ground, `deletion ${state} ${event}`);
  const checked: Partial<MetadataStore> = {
    requestDeletion: async (request) => {
      const done = await metadata.requestDeletion(request);
      if (!done.joined) atRequest.set(done.deletion.id, filesOf(metadata, request.projectUid));
      return done;
    },
    restoreProject: async (uid) => {
      const deletion = await metadata.restoreProject(uid);
      moved("trashed", "restored");
      const before = atRequest.get(deletion.id) ?? new Map<string, string | null>();
      checkRestored(ground, uid, before);
      return deletion;
    },
    advance: async (id, token, event) => {
      const before = rowOf(id)?.state;
      const deletion = await metadata.advance(id, token, event);
      moved(before, event);
      if (event === "purge-began") checkBeginning(ground, rowOf(id));
      return deletion;
    },
    setBlocked: async (id, token, blocked) => {
      const deletion = await metadata.setBlocked(id, token, blocked);
      ground.blockedBy.set(id, token);
      if (deletion.blocked) hit(ground, `blocked ${deletion.blocked.code}`);
      if (deletion.blocked?.reason === "")
        violations.add("I12", `${id} is blocked without a reason`);
      return deletion;
    },
    completeDeletion: async (id, token, seal, settleAfterMs) => {
      const uid = rowOf(id)?.projectUid ?? "";
      const before = metadata.view().rows.receipts.get(uid)?.receipt.jws ?? null;
      const deletion = await metadata.completeDeletion(
        id,
        token,
        async (facts) => {
          checkNothingLeft(ground, rowOf(id));
          return await seal(facts);
        },
        settleAfterMs,
      );
      moved("verifying", "verified");
      if (before === null) receipts.issued(deletion.projectUid);
      else receipts.kept(deletion.projectUid);
      return deletion;
    },
    expireProject: async (request) => {
      const deletion = await metadata.expireProject(request);
      if (deletion) {
        hit(ground, "expired");
        atRequest.set(deletion.id, filesOf(metadata, request.projectUid));
      }
      return deletion;
    },
    finishSettle: async (id, token, end, seal) => {
      const result = await metadata.finishSettle(id, token, end, seal);
      hit(ground, `settle ${result.result}`);
      if (result.result === "amended") receipts.amended();
      return result;
    },
  };
  const methods = { ...checked, ...checkedWrites(ground) };
  return checkedClaims(withMethods<MetadataStore>(metadata, methods), ground);
}

function checkedWrites(ground: Ground): Partial<MetadataStore> {
  const { metadata, violations } = ground;
  const written = (uid: string, what: string): void => {
    const state = metadata.view().rows.projects.get(uid)?.state;
    if (state !== "active") violations.add("R1", `${what} in ${uid}, which is '${state}'`);
  };
  return {
    openUpload: async (upload) => {
      const opened = await metadata.openUpload(upload);
      written(upload.projectUid, "an upload was recorded");
      return opened;
    },
    commitUpload: async (id, facts) => {
      const before = metadata.view().rows.uploads.get(id)?.upload.state;
      const committed = await metadata.commitUpload(id, facts);
      // Repeated, it answers what was committed before, whatever became of the project since.
      if (before !== "committed") written(committed.file.projectUid, "a file was committed");
      return committed;
    },
    commitFileMove: async (id, token, move) => {
      const isMoved = await metadata.commitFileMove(id, token, move);
      if (!isMoved) return false;
      written(move.projectUid, "a file was moved");
      hit(ground, "file moved");
      return true;
    },
    releaseHeld: async (by, key) => {
      const isReleased = await metadata.releaseHeld(by, key);
      if (isReleased) hit(ground, "held object let go");
      return isReleased;
    },
    undoFileMove: async (by, key) => {
      const undone = await metadata.undoFileMove(by, key);
      if (undone !== null) hit(ground, "move undone");
      return undone;
    },
    commitEmptyFile: async (file) => {
      const committed = await metadata.commitEmptyFile(file);
      written(file.projectUid, "an empty file was committed");
      return committed;
    },
  };
}

function filesOf(metadata: MemoryMetadataStore, uid: string): Files {
  const rows = metadata.view().rows.files.get(uid)?.values() ?? [];
  return new Map([...rows].map(({ path, key, uid: file }) => [`${path} ${file}`, key]));
}

function checkRestored(ground: Ground, uid: string, before: Files): void {
  // A backup brings rows back whose objects went since.
  if (ground.restored !== null) return;
  const now = filesOf(ground.metadata, uid);
  for (const [file, key] of before) {
    const isSame = now.get(file) === key;
    if (isSame && (key === null || ground.objects.view().bytesOf(key) !== null)) continue;
    ground.violations.add("I8", `${file} of ${uid} is not what it was before the undone request`);
  }
}

function checkBeginning(ground: Ground, row: DeletionRow | undefined): void {
  if (!row) return;
  const { metadata, violations, world, projects } = ground;
  const hold = metadata.view().rows.projects.get(row.projectUid)?.hold ?? null;
  if (hold) violations.add("I6", `${row.id} began under a hold`);
  // By the row, and by what was asked for: a row may be wrong.
  const asked = projects.find(({ uid }) => uid === row.projectUid)?.purgeNotBefore ?? 0;
  if (world.nowMs < Math.max(row.purgeAfter, asked)) {
    violations.add("I6", `${row.id} began within its grace`);
  }
}

function checkNothingLeft(ground: Ground, row: DeletionRow | undefined): void {
  if (!row) return;
  const { violations, layouts, versioned } = ground;
  const project = { id: row.projectId, uid: row.projectUid };
  for (const what of remainsOf(ground, project))
    violations.add("I3", `${what} remains at the receipt`);
  // What was removed before the database was restored is on no record any more.
  for (const key of ground.restored === null ? (ground.cdn?.unpurged(ground, project) ?? []) : []) {
    violations.add("I3", `${key} was not purged since it went, at the receipt`);
  }
  if (row.residue.length > 0) violations.add("I3", `${row.id} has residue at the receipt`);
  for (const { surface, prefix } of layouts.surfacesFor(project)) {
    for (const wanted of versioned ? [surface, "multipart", "versions"] : [surface, "multipart"]) {
      const listed = row.evidence.some(
        (one) => one.surface === wanted && one.prefix === prefix && one.entries === 0,
      );
      if (!listed) violations.add("I3", `${row.id} has no empty listing of ${wanted} at ${prefix}`);
    }
  }
  for (const { at } of row.evidence) {
    if (row.fencedAt === null || at < row.fencedAt) {
      violations.add("I3", `${row.id} has evidence from before its fence`);
    }
  }
}

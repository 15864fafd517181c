import { hashOf, type ReceiptBody } from "./check-deleted.ts";
import { sha256Of } from "./client.ts";
import type { DeletionRow, Facts, ReceiptRow } from "./facts.ts";
import type { Answer, Event, Operation, Planted } from "./history.ts";

/** A history and what is to be seen after it, in which nothing is wrong until a test plants it. */
export interface CheckedWorld {
  readonly events: readonly Event[];
  readonly facts: Facts;
}

const RUN = "run";
/** Uids of two deleted projects and a living one, whose id begins as that of the first. */
export const GONE = { id: "p1", uid: "uid-gone" } as const;
export const GONE_TOO = { id: "p2", uid: "uid-gone-too" } as const;
export const LIVING = { id: "p10", uid: "uid-living" } as const;
export const LIVING_KEY = "projects/uid-living/file";
export const PLANTED_KEY = "old/p10/planted";
export const BESIDE_KEY = "beside";
export const CONTENT = sha256Of(Buffer.from("content"));

/** Puts requests and answers into the order of a history. */
export class Script {
  readonly events: Event[] = [];
  #next = 1;

  ask(operation: Operation, answer: Partial<Answer> = {}): this {
    const n = this.#next++;
    const at = n * 2;
    this.events.push({ n, run: RUN, at, ...operation });
    const full: Answer = { outcome: "acknowledged", status: 200, ...answer };
    this.events.push({ of: n, run: RUN, at: at + 1, ...full });
    return this;
  }

  /** Without an answer: the client was cut off. */
  lose(operation: Operation): this {
    return this.ask(operation, { outcome: "unknown", status: null });
  }

  plant(planted: Planted): this {
    this.events.push({ run: RUN, ...planted });
    return this;
  }
}

export function putOf(project: string, path: string, sha256 = CONTENT): Operation {
  return { op: "put", project, path, sha256 };
}

export function deletionOf(project: string, graceMs = 0): Operation {
  return { op: "delete-project", project, graceMs, waits: true };
}

export function soundWorld(): CheckedWorld {
  const script = new Script();
  for (const { id, uid } of [GONE, GONE_TOO, LIVING]) {
    script.ask({ op: "create-project", project: id }, { id: uid });
    script.ask(putOf(id, "file"));
    script.ask({ op: "read", project: id, path: "file" }, { content: CONTENT });
  }
  const object = { planted: "object", sha256: CONTENT } as const;
  script.plant({ ...object, project: GONE.id, key: "old/p1/planted" });
  script.plant({ ...object, project: LIVING.id, key: PLANTED_KEY });
  script.plant({ ...object, project: null, key: BESIDE_KEY });
  script.ask(deletionOf(GONE.id)).ask(deletionOf(GONE_TOO.id));
  const first = receiptOf(GONE, 1, null, 2);
  const receipts = [first, receiptOf(GONE_TOO, 2, first.hash, 1)];
  return { events: script.events, facts: factsWith(receipts) };
}

function factsWith(receipts: readonly ReceiptRow[]): Facts {
  const keys = [LIVING_KEY, PLANTED_KEY, BESIDE_KEY];
  const own = [GONE, GONE_TOO].flatMap(({ uid }) => [
    `.expunge/tombstones/1-${uid}.json`,
    `.expunge/receipts/${uid}.jws`,
  ]);
  return {
    projects: [
      { ...GONE, state: "deleted" },
      { ...GONE_TOO, state: "deleted" },
      { ...LIVING, state: "active" },
    ],
    deletions: [GONE, GONE_TOO].map(({ uid }) => completed(uid)),
    receipts,
    files: [{ projectUid: LIVING.uid, path: "file", key: LIVING_KEY, sizeBytes: 7 }],
    uploads: [],
    removals: [],
    keys: new Set([...keys, ...own]),
    versions: [],
    storedUploads: [],
    contents: new Map(keys.map((key) => [key, CONTENT])),
    verdicts: new Map(receipts.map(({ projectUid }) => [projectUid, null])),
    copies: new Map(
      receipts.map(({ projectUid, jws }) => [`.expunge/receipts/${projectUid}.jws`, jws]),
    ),
  };
}

function completed(projectUid: string): DeletionRow {
  return {
    id: `DELETE-${projectUid}`,
    projectUid,
    state: "completed",
    token: 1,
    isBlocked: false,
    requestedAt: 10,
    purgeAfter: 10,
    purgeStartedAt: 11,
    fencedAt: 12,
    verifiedAt: 14,
    completedAt: 15,
  };
}

/** Unsigned: the command line's verdict is a fact of its own. */
export function receiptOf(
  project: { readonly id: string; readonly uid: string },
  sequence: number,
  previous: string | null,
  deleted: number,
): ReceiptRow {
  const deletionId = `DELETE-${project.uid}`;
  const body: ReceiptBody = {
    sequence,
    previous,
    deletion: deletionId,
    project,
    totals: { deleted, absent: 0 },
    merkle: { leaves: deleted },
    times: { fencedAt: new Date(12).toISOString() },
    sweeps: [{ at: new Date(13).toISOString(), entries: 0 }],
  };
  const jws = `head.${Buffer.from(JSON.stringify(body)).toString("base64url")}.signature`;
  return { projectUid: project.uid, deletionId, sequence, jws, hash: hashOf(jws) };
}

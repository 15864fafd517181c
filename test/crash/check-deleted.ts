import { createHash } from "node:crypto";
import type { ExpectedProject } from "./expectations.ts";
import type { DeletionRow, Facts, ProjectRow, ReceiptRow, Violation } from "./facts.ts";
import { isOf } from "./places.ts";

/** What a receipt says, as far as it is checked here. */
export interface ReceiptBody {
  readonly sequence: number;
  readonly previous: string | null;
  readonly deletion: string;
  readonly project: { readonly id: string; readonly uid: string };
  readonly totals: { readonly deleted: number; readonly absent: number };
  readonly merkle: { readonly leaves: number };
  readonly times: { readonly fencedAt: string };
  readonly sweeps: readonly { readonly at: string; readonly entries: number }[];
}

/** The payload of a compact JWS, whose signature is the command line's business. */
export function bodyOfJws(jws: string): ReceiptBody {
  const payload = jws.split(".")[1] ?? "";
  return JSON.parse(Buffer.from(payload, "base64url").toString()) as ReceiptBody;
}

/** Everything that must hold of a project whose deletion was acknowledged and is due. */
export function checkDeleted(
  expected: ExpectedProject,
  row: ProjectRow,
  facts: Facts,
): readonly Violation[] {
  const found: Violation[] = [];
  const say = (invariant: string, what: string): void => {
    found.push({ invariant, what: `${row.id} (${row.uid}): ${what}` });
  };
  const { uid } = row;
  const receipts = facts.receipts.filter(({ projectUid }) => projectUid === uid);
  const deletions = facts.deletions.filter(
    ({ projectUid, state }) => projectUid === uid && state !== "restored",
  );
  if (deletions.length !== 1) say("I5", `has ${deletions.length} deletions`);
  for (const { state } of deletions) if (state !== "completed") say("I9", `deletion is ${state}`);
  if (row.state !== "deleted") say("I5", `project is ${row.state}`);
  if (receipts.length !== 1) say("I7", `has ${receipts.length} receipts`);
  // Before the receipt something may be there still; that it has not come is a violation of its own.
  const remains = receipts.length > 0 ? "I1" : "I9";
  for (const key of facts.keys) if (isOf(row, key)) say(remains, `object ${key} is there`);
  for (const key of facts.versions) if (isOf(row, key)) say(remains, `version of ${key} is there`);
  for (const { key } of facts.storedUploads) {
    if (isOf(row, key)) say(remains, `an upload of ${key} is there`);
  }
  for (const [name, rows] of [
    ["file", facts.files],
    ["upload", facts.uploads],
    ["removal", facts.removals],
  ] as const) {
    const left = rows.filter(({ projectUid }) => projectUid === uid).length;
    if (left > 0) say("R7", `${left} ${name} rows are left`);
  }
  const tombstones = [...facts.keys].filter(
    (key) => key.startsWith(".expunge/tombstones/") && key.endsWith(`-${uid}.json`),
  );
  if (tombstones.length !== 1) say("R11", `has ${tombstones.length} tombstones`);
  for (const deletion of deletions) checkTimes(deletion, expected, say);
  for (const receipt of receipts) checkReceipt(receipt, expected, row, facts, say);
  return found;
}

type Say = (invariant: string, what: string) => void;

function checkTimes(deletion: DeletionRow, { graceMs }: ExpectedProject, say: Say): void {
  const { requestedAt, purgeAfter, purgeStartedAt, fencedAt, verifiedAt, completedAt } = deletion;
  const times = [requestedAt, purgeAfter, purgeStartedAt, fencedAt, verifiedAt, completedAt];
  const known = times.filter((at) => at !== null);
  const isOrdered = known.every((at, i) => i === 0 || (known[i - 1] ?? 0) <= at);
  if (known.length < times.length || !isOrdered) {
    say("I6", `its times are ${JSON.stringify(times)}`);
  }
  if (graceMs !== null && purgeAfter - requestedAt > graceMs) {
    say("I6", `a grace of ${graceMs} ms became ${purgeAfter - requestedAt} ms`);
  }
}

function checkReceipt(
  receipt: ReceiptRow,
  expected: ExpectedProject,
  row: ProjectRow,
  facts: Facts,
  say: Say,
): void {
  const body = bodyOfJws(receipt.jws);
  if (body.project.uid !== row.uid || body.project.id !== row.id) {
    say("I7", `its receipt is of ${body.project.id} (${body.project.uid})`);
  }
  if (body.deletion !== receipt.deletionId || body.sequence !== receipt.sequence) {
    say("I7", `its receipt says ${body.deletion}, number ${body.sequence}`);
  }
  if (hashOf(receipt.jws) !== receipt.hash) say("I7", "its receipt has another hash");
  const verdict = facts.verdicts.get(row.uid);
  if (verdict !== null) say("I7", `its receipt is not valid: ${verdict ?? "not verified"}`);
  const copy = facts.copies.get(`.expunge/receipts/${row.uid}.jws`);
  if (copy !== receipt.jws) say("R11", copy === undefined ? "no copy" : "the copy differs");
  const { deleted, absent } = body.totals;
  const { least, most } = expected;
  if (deleted < least || deleted + absent > most) {
    say("I7", `${deleted} deleted and ${absent} absent, of ${least} to ${most}`);
  }
  if (body.merkle.leaves !== deleted) say("I7", `${body.merkle.leaves} leaves for ${deleted}`);
  const fencedAt = Date.parse(body.times.fencedAt);
  const bad = body.sweeps.filter(({ at, entries }) => entries > 0 || Date.parse(at) < fencedAt);
  if (bad.length > 0 || body.sweeps.length === 0) {
    say("I3", `its evidence is ${JSON.stringify(body.sweeps)}`);
  }
}

/** SHA-256 of a text, base64url: how a receipt names the one before it. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

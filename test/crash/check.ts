import { bodyOfJws, checkDeleted, hashOf } from "./check-deleted.ts";
import type { ExpectedProject } from "./expectations.ts";
import type { Facts, ProjectRow, Violation } from "./facts.ts";
import { canonicalPlace, isOf } from "./places.ts";

/** Holds what was acknowledged against what is there. Empty when every invariant holds. */
export function checkProjects(
  expected: Iterable<ExpectedProject>,
  facts: Facts,
): readonly Violation[] {
  return [...expected].flatMap((project) => {
    const contradictions = project.contradictions.map((what) => ({ invariant: "history", what }));
    return [...contradictions, ...checkProject(project, facts)];
  });
}

function checkProject(expected: ExpectedProject, facts: Facts): readonly Violation[] {
  const row = facts.projects.find(({ id }) => id === expected.id);
  if (row === undefined) {
    // Whose making was never acknowledged need not be there.
    if (expected.uid === null) return [];
    return [
      { invariant: "I2", what: `${expected.id} (${expected.uid}): the project's row is gone` },
    ];
  }
  if (expected.uid !== null && expected.uid !== row.uid) {
    return [{ invariant: "R3", what: `${expected.id}: uid ${expected.uid} became ${row.uid}` }];
  }
  return isDeleted(expected, row, facts)
    ? checkDeleted(expected, row, facts)
    : checkLive(expected, row, facts);
}

/** Where the history leaves it open, whatever was begun must have come to its end. */
function isDeleted(expected: ExpectedProject, row: ProjectRow, facts: Facts): boolean {
  if (expected.fate !== "either") return expected.fate === "deleted";
  const hasReceipt = facts.receipts.some(({ projectUid }) => projectUid === row.uid);
  return hasReceipt || row.state === "deleting" || row.state === "deleted";
}

/** What must hold of a project that is live, or in a grace that is not over (I2, I4). */
function checkLive(expected: ExpectedProject, row: ProjectRow, facts: Facts): readonly Violation[] {
  const found: Violation[] = [];
  const say = (invariant: string, what: string): void => {
    found.push({ invariant, what: `${row.id} (${row.uid}): ${what}` });
  };
  const states = { live: ["active"], trashed: ["trashed"], either: ["active", "trashed"] };
  const allowed = states[expected.fate === "deleted" ? "either" : expected.fate];
  if (!allowed.includes(row.state))
    say("I2", `project is ${row.state}, not ${allowed.join(" or ")}`);
  if (facts.receipts.some(({ projectUid }) => projectUid === row.uid)) {
    say("I7", "a live project has a receipt");
  }
  checkFiles(expected, row, facts, say);
  checkPlanted(expected, facts, say);
  checkExplained(expected, row, facts, say);
  return found;
}

type Say = (invariant: string, what: string) => void;

function checkFiles(expected: ExpectedProject, row: ProjectRow, facts: Facts, say: Say): void {
  const rows = facts.files.filter(({ projectUid }) => projectUid === row.uid);
  const byPath = new Map(rows.map((file) => [file.path, file]));
  for (const [path, possible] of expected.files) {
    const file = byPath.get(path);
    if (file === undefined) {
      if (!possible.has(null)) say("I2", `file ${path} has no row`);
      continue;
    }
    if (file.key === null) {
      if (!possible.has(hexOf(""))) say("I2", `file ${path} is empty`);
      continue;
    }
    const content = facts.contents.get(file.key) ?? null;
    if (content === null) say("I2", `file ${path} has no object at ${file.key}`);
    else if (!possible.has(content)) {
      const wanted = [...possible].map((one) => one ?? "no file").join(" or ");
      say("I2", `file ${path} has the content ${content}, not ${wanted}`);
    }
  }
  for (const { path } of rows) {
    if (!expected.files.has(path)) say("I2", `file ${path} was never put there`);
  }
}

/** Nothing that lies in or beside a live project was touched by the deletions of others (I4). */
function checkPlanted({ planted }: ExpectedProject, facts: Facts, say: Say): void {
  for (const { key, sha256, ...one } of planted) {
    if (one.planted === "upload") {
      const isThere = facts.storedUploads.some((upload) => upload.key === key);
      if (!isThere) say("I4", `the planted upload of ${key} is gone`);
    } else if (facts.contents.get(key) !== sha256) say("I4", `the planted object ${key} is gone`);
  }
}

/** An object of a live project that no row names would never be removed (R9). */
function checkExplained(
  { planted }: ExpectedProject,
  row: ProjectRow,
  { keys, files, uploads, removals }: Facts,
  say: Say,
): void {
  const known = new Set<string | null>(planted.map(({ key }) => key));
  for (const { key } of [...files, ...uploads, ...removals]) known.add(key);
  for (const key of keys) {
    if (isOf(row, key) && !known.has(key)) say("R9", `no row names the object ${key}`);
  }
}

/** One unbroken chain of receipts, from the first (I7). */
export function checkChain({ receipts }: Pick<Facts, "receipts">): readonly Violation[] {
  const ordered = [...receipts].sort((a, b) => a.sequence - b.sequence);
  return ordered.flatMap(({ projectUid, sequence, jws }, i) => {
    const before = ordered[i - 1];
    const previous = before === undefined ? null : hashOf(before.jws);
    if (sequence === i + 1 && bodyOfJws(jws).previous === previous) return [];
    const what = `receipt ${sequence} of ${projectUid} does not follow on the one before`;
    return [{ invariant: "I7", what }];
  });
}

/** Every key of the bucket belongs to somebody, and what was planted beside is there still (I4). */
export function checkBucket(
  facts: Facts,
  beside: ReadonlyMap<string, string>,
): readonly Violation[] {
  const found: Violation[] = [];
  for (const [key, sha256] of beside) {
    if (facts.contents.get(key) === sha256) continue;
    found.push({
      invariant: "I4",
      what: `the object ${key}, which belongs to no project, is gone`,
    });
  }
  const ids = new Map(facts.projects.map((row) => [row.id, row]));
  const uids = new Set(facts.projects.map((row) => canonicalPlace(row)));
  for (const key of facts.keys) {
    if (key.startsWith(".expunge/") || beside.has(key)) continue;
    const [root, second = ""] = key.split("/");
    if (root === "projects" && uids.has(`projects/${second}/`)) continue;
    const row = ids.get(root === "zips" ? second.replace(/\.zip$/, "") : second);
    if (row !== undefined && isOf(row, key)) continue;
    found.push({ invariant: "R3", what: `the object ${key} belongs to nobody` });
  }
  return found;
}

function hexOf(text: string): string {
  return Buffer.from(hashOf(text), "base64url").toString("hex");
}

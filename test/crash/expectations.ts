import type { Answered, Event, OutcomeKind, Planted, Sent } from "./history.ts";
import { CRASH_LIMITS } from "./limits.ts";

/** What may be at a path: contents by their SHA-256, null for no file. */
export type Possible = ReadonlySet<string | null>;

/**
 * What a project must be by its history. `either`: a request to delete or to restore it has no known
 * outcome, so that the rows decide, and everything else must agree with them.
 */
export type Fate = "live" | "trashed" | "deleted" | "either";

export interface ExpectedProject {
  readonly id: string;
  /** Null where the answer that told it was lost. */
  readonly uid: string | null;
  readonly fate: Fate;
  readonly files: ReadonlyMap<string, Possible>;
  readonly planted: readonly Planted[];
  /** The grace that the acknowledged deletion was requested with. */
  readonly graceMs: number | null;
  /** How many objects and uploads its receipt may count. */
  readonly least: number;
  readonly most: number;
  /** What the history contradicts by itself. */
  readonly contradictions: readonly string[];
}

const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** A request with what became of it; one without an answer is unknown. */
type Asked = Sent & { readonly outcome: OutcomeKind; readonly answer: Answered | null };

/** Everything that a history says of its projects, by id. */
export function expectationsOf(events: readonly Event[]): ReadonlyMap<string, ExpectedProject> {
  const answers = new Map<number, Answered>();
  for (const event of events) if ("of" in event) answers.set(event.of, event);
  const asked = new Map<string, Asked[]>();
  const planted = new Map<string, Planted[]>();
  for (const event of events) {
    if ("n" in event) {
      const answer = answers.get(event.n) ?? null;
      const outcome = answer?.outcome ?? "unknown";
      if (outcome !== "unsent") at(asked, event.project).push({ ...event, outcome, answer });
    } else if ("planted" in event && event.project !== null) {
      at(planted, event.project).push(event);
    }
  }
  const projects = new Map<string, ExpectedProject>();
  for (const [id, requests] of asked) {
    const expected = expectedOf(id, requests, planted.get(id) ?? []);
    if (expected !== null) projects.set(id, expected);
  }
  return projects;
}

function at<T>(map: Map<string, T[]>, key: string): T[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}

function expectedOf(
  id: string,
  requests: readonly Asked[],
  planted: readonly Planted[],
): ExpectedProject | null {
  const made = requests.filter(({ op }) => op === "create-project");
  if (made.every(({ outcome }) => outcome === "refused")) return null;
  const uid = made.find(({ outcome }) => outcome === "acknowledged")?.answer?.id ?? null;
  const contradictions: string[] = [];
  const files = new Map<string, Possible>();
  const paths = new Set(requests.flatMap((one) => ("path" in one ? [one.path] : [])));
  let least = planted.length;
  let most = planted.length;
  for (const path of paths) {
    const ofPath = requests.filter((one) => "path" in one && one.path === path);
    files.set(path, possibleOf(ofPath, contradictions));
    const bounds = boundsOf(ofPath);
    least += bounds.least;
    most += bounds.most;
  }
  contradictions.push(...lateWrites(requests));
  const deleted = requests.findLast(
    (one) => one.op === "delete-project" && one.outcome === "acknowledged",
  );
  const graceMs = deleted?.op === "delete-project" ? deleted.graceMs : null;
  const fate = fateOf(requests);
  return { id, uid, fate, files, planted, graceMs, least, most, contradictions };
}

function fateOf(requests: readonly Asked[]): Fate {
  let fate: Fate = "live";
  let isOpen = false;
  for (const request of requests) {
    if (request.op !== "delete-project" && request.op !== "restore-project") continue;
    if (request.outcome === "refused") continue;
    // It may be carried out later than what was asked after it.
    if (request.outcome === "unknown") isOpen = true;
    else if (request.op === "restore-project") fate = "live";
    else if (request.graceMs >= CRASH_LIMITS.longGraceMs) fate = "trashed";
    else fate = "deleted";
  }
  // A deletion that was acknowledged last is joined by those whose answers were lost.
  const isFirm = fate === "deleted" && !hasRestore(requests);
  return isOpen && !isFirm ? "either" : fate;
}

function hasRestore(requests: readonly Asked[]): boolean {
  return requests.some(({ op, outcome }) => op === "restore-project" && outcome !== "refused");
}

/** What may be at a path, whose requests were sent one after the other. */
function possibleOf(requests: readonly Asked[], contradictions: string[]): Possible {
  let sure: string | null = null;
  const perhaps = new Set<string | null>();
  for (const request of requests) {
    if (request.op === "read") {
      const content = request.answer?.content;
      if (request.outcome !== "acknowledged" || content === undefined) continue;
      if (content === sure || perhaps.has(content)) continue;
      contradictions.push(
        `I2: ${request.project}/${request.path} was read as ${content ?? "missing"} (request ${request.n})`,
      );
    }
    const effect = effectOf(request);
    if (effect === undefined || request.outcome === "refused") continue;
    if (request.outcome === "acknowledged") sure = effect;
    else perhaps.add(effect);
  }
  return new Set([sure, ...perhaps]);
}

function effectOf(request: Asked): string | null | undefined {
  if (request.op === "put" || request.op === "complete-upload") return request.sha256;
  return request.op === "delete-file" ? null : undefined;
}

/** How many objects and uploads there can have been of a path when the fence stood. */
function boundsOf(requests: readonly Asked[]): { least: number; most: number } {
  const makes = requests.filter(
    ({ op, ...one }) =>
      op === "open-upload" || ("sha256" in one && one.sha256 !== EMPTY_SHA256 && op === "put"),
  );
  const most = makes.length;
  const isSure = requests.every(({ op, outcome }) => op === "read" || outcome === "acknowledged");
  const changes = requests.filter(({ op }) => op !== "read");
  const last = changes.at(-1);
  // One that was replaced may have been removed before, or not yet.
  if (!isSure || last === undefined || last.op === "delete-file") return { least: 0, most };
  const isEmpty = "sha256" in last && last.sha256 === EMPTY_SHA256;
  return { least: isEmpty ? 0 : 1, most };
}

/** Nothing may be written once the deletion was acknowledged and not undone (R1). */
function lateWrites(requests: readonly Asked[]): readonly string[] {
  if (hasRestore(requests)) return [];
  const closedAt = requests.reduce(
    (least, { op, outcome, answer }) =>
      op === "delete-project" && outcome === "acknowledged" && answer !== null
        ? Math.min(least, answer.at)
        : least,
    Number.POSITIVE_INFINITY,
  );
  return requests.flatMap((request) => {
    const isWrite = request.op === "put" || request.op === "complete-upload";
    if (!isWrite || request.outcome !== "acknowledged" || request.at <= closedAt) return [];
    return [
      `I1: ${request.op} to ${request.project}/${request.path} was accepted after its deletion`,
    ];
  });
}

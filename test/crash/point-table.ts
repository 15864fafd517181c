import type { Rng } from "../simulation/random.ts";

/** A method of the metadata store or of the object store at which a process can be struck. */
export interface Point {
  readonly target: "metadata" | "store";
  readonly method: string;
  /** The latest call of it in a process that a run is sure to reach. */
  readonly nthMax: number;
}

export type When = "before" | "after";
export type Signal = "SIGKILL" | "SIGSTOP";

/** What a process under test is told: at which call it is to strike itself. Plain data, it is sent. */
export interface Arming {
  readonly target: Point["target"];
  readonly method: string;
  readonly when: When;
  readonly nth: number;
  readonly signal: Signal;
  /** A file that only one process can make: the one that is struck. */
  readonly claim: string;
}

function of(target: Point["target"], methods: Readonly<Record<string, number>>): readonly Point[] {
  return Object.entries(methods).map(([method, nthMax]) => ({ target, method, nthMax }));
}

/** Every stage of a deletion. */
const STAGES: readonly Point[] = [
  ...of("metadata", {
    advance: 3,
    recordTombstone: 2,
    unsettledUploads: 2,
    settleForFence: 1,
    recordFence: 2,
    recordPage: 5,
    replaceResidue: 2,
    recordEvidence: 2,
    eraseRows: 3,
    completeDeletion: 2,
  }),
  ...of("store", { put: 3, list: 10, remove: 4, abortUpload: 2 }),
];

/** How an object comes into being. */
const MAKING: readonly Point[] = [
  ...of("metadata", { beginCompleting: 2, commitUpload: 2 }),
  ...of("store", { completeUpload: 2 }),
];

const FURTHER: readonly Point[] = [
  ...of("metadata", {
    claimDeletion: 2,
    recordProgress: 3,
    recordAbsent: 1,
    openUpload: 2,
    commitEmptyFile: 1,
    removeFile: 1,
    finishRemovals: 1,
    requestDeletion: 2,
    restoreProject: 1,
    markReceiptCopied: 1,
  }),
  ...of("store", {
    get: 2,
    createUpload: 2,
    uploadPart: 2,
    listUploads: 3,
    listParts: 1,
    capabilities: 8,
  }),
];

/** What no campaign reaches: for tests that aim at them. */
const OF_RELAYOUTS: readonly Point[] = of("metadata", { commitFileMove: 1, releaseHeld: 1 });

/** A campaign of 20 kills strikes at each of them. */
export const MAIN_POINTS: readonly Point[] = [...STAGES, ...MAKING];
const CYCLE = 40;
const FIRST_HALF = 20;

/** All of them: the processes under test make sure that each exists. */
export const POINTS: readonly Point[] = [...MAIN_POINTS, ...FURTHER, ...OF_RELAYOUTS];

export interface Aim {
  readonly point: Point;
  readonly when: When;
  readonly nth: number;
}

/** The point of this method. @throws RangeError where there is none */
export function pointOf(method: string): Point {
  const point = POINTS.find((one) => one.method === method);
  if (point === undefined) throw new RangeError(`there is no crash point ${method}`);
  return point;
}

/** How a point is called in reports. */
export function nameOf({ target, method }: Pick<Point, "target" | "method">): string {
  return `${target}.${method}`;
}

/**
 * Where the kill with this number, from 0, strikes: of each 20 the first 17 at the main points in
 * order, 3 at a random time; of the next 20 every other one at a further point. Before or after the
 * call alternates from cycle to cycle. Null for a random time.
 */
export function aimOfKill(index: number, rng: Rng): Aim | null {
  const cycle = Math.floor(index / CYCLE);
  const place = index % CYCLE;
  const when = whenOf(cycle + place);
  if (place < MAIN_POINTS.length) return aimAt(MAIN_POINTS[place], when, rng);
  const isRandom = place < FIRST_HALF || place % 2 === 1;
  if (isRandom) return null;
  const further = (cycle * (CYCLE - FIRST_HALF) + place - FIRST_HALF) / 2;
  const turn = Math.floor(further / FURTHER.length);
  return aimAt(FURTHER[further % FURTHER.length], whenOf(further + turn), rng);
}

/** Where the stop with this number, from 0, strikes: at the stages of a deletion in order. */
export function aimOfStop(index: number, rng: Rng): Aim {
  const turn = Math.floor(index / STAGES.length);
  return aimAt(STAGES[index % STAGES.length], whenOf(index + turn), rng);
}

function whenOf(number: number): When {
  return number % 2 === 0 ? "before" : "after";
}

function aimAt(point: Point | undefined, when: When, rng: Rng): Aim {
  if (point === undefined) throw new RangeError("there is no such point");
  return { point, when, nth: rng.between(1, point.nthMax) };
}

import type { AdoptableFile, AdoptionProgress, AdoptionRequest } from "../../core/adoption.ts";
import type { RelayoutProgress, RelayoutRequest } from "../../core/relayout.ts";
import type { Instant } from "../../core/model.ts";

interface RunOf<K extends string, R, P> {
  readonly kind: K;
  readonly id: string;
  readonly requestedAt: Instant;
  readonly requestedBy: string;
  readonly request: R;
  readonly attempts: number;
  readonly completedAt: Instant | null;
  readonly progress: P;
}

export type Adoption = RunOf<"adoption", AdoptionRequest, AdoptionProgress>;

export type Relayout = RunOf<"relayout", RelayoutRequest, RelayoutProgress>;

/** A long piece of work of an operator: durable, so that any process can go on with it. */
export type Run = Adoption | Relayout;

export type RunKind = Run["kind"];

/** The run of a kind. */
export type RunOfKind<K extends RunKind> = Extract<Run, { readonly kind: K }>;

/** A run as it is asked for; its progress is where it begins. */
export type NewRun<K extends RunKind = RunKind> = Pick<
  RunOfKind<K>,
  "id" | "requestedBy" | "request" | "progress"
> & { readonly kind: K };

/** A worker's right to act on a run, until its lease ends by the database's clock. */
export interface RunClaim {
  readonly run: Run;
  /** The fencing token: every write of the worker names it, and an older one is refused. */
  readonly token: number;
}

/** What a run has to say of one key. */
export interface RunNote {
  readonly key: string;
  readonly code: string;
  /** The project that the key belongs to; the note goes with it. */
  readonly projectId: string;
}

export interface StoredNote extends RunNote {
  /** Its place among all notes of the run. */
  readonly ordinal: number;
}

/** What one step of an adoption writes down, whole or not at all. */
export interface AdoptionStep {
  /** Without what the database decides of the files. */
  readonly progress: AdoptionProgress;
  readonly notes: readonly RunNote[];
  readonly files: readonly AdoptableFile[];
  /** Made where there is no project of the id, unless it is a dry run; one for each id of the files. */
  readonly projects: readonly {
    readonly id: string;
    readonly uid: string;
    readonly owner: string;
  }[];
}

/** A project of an adoption: how much of it was adopted, and whether it was made for it. */
export interface AdoptedProject {
  readonly projectId: string;
  readonly isNew: boolean;
  readonly objects: number;
  readonly bytes: number;
}

/** What operators have done to many objects at once, and how it is written down. */
export interface RunStore {
  createRun<K extends RunKind>(run: NewRun<K>): Promise<RunOfKind<K>>;
  findRun(id: string): Promise<Run | null>;
  /** Ids of runs that have not ended, with no lease that stands, oldest first. */
  dueRuns(limit: number): Promise<readonly string[]>;
  /** Takes the lease and raises the token; null when it has ended or another lease stands. */
  claimRun(id: string, leaseMs: number): Promise<RunClaim | null>;
  /** False when the token is not the newest, or the run has ended: the worker must stop at once. */
  extendRun(id: string, token: number, leaseMs: number): Promise<boolean>;
  releaseRun(id: string, token: number): Promise<void>;
  /** The last step: the run has ended. @throws StaleClaimError */
  endRun(id: string, token: number, progress: Run["progress"]): Promise<Run>;
  /** In the order in which they were made; none of a run that does not exist. */
  listNotes(
    id: string,
    query: { readonly limit: number; readonly after?: number },
  ): Promise<readonly StoredNote[]>;
  /** Forgets runs that ended longer ago, with their notes; answers how many. */
  forgetRuns(keptMs: number): Promise<number>;

  /**
   * Makes rows for objects that are there, in one transaction that sees each project active, and adds to
   * the counts what became of each (`judgeAdoption`): an object that a row names gets no second one. A
   * dry run decides in the same way and makes nothing. No quota holds, for nothing is added to the store,
   * and no endpoint is told. @throws StaleClaimError
   */
  recordAdoption(id: string, token: number, step: AdoptionStep): Promise<Adoption>;
  /** By their ids. */
  listAdoptedProjects(
    id: string,
    query: { readonly limit: number; readonly after?: string },
  ): Promise<readonly AdoptedProject[]>;
}

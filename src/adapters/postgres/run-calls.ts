import type * as port from "../../ports/metadata/index.ts";
import * as adoptions from "./adoptions.ts";
import { AuditCalls } from "./audit-calls.ts";
import * as runs from "./runs.ts";

/** The part of the metadata port that adoptions use. */
export abstract class RunCalls extends AuditCalls implements port.RunStore {
  createRun(run: port.NewRun): Promise<port.Run> {
    return this.transact((tx) => runs.createRun(tx, run));
  }
  findRun(id: string): Promise<port.Run | null> {
    return this.read((tx) => runs.findRun(tx, id));
  }
  dueRuns(limit: number): Promise<readonly string[]> {
    return this.read((tx) => runs.dueRuns(tx, limit));
  }
  claimRun(id: string, leaseMs: number): Promise<port.RunClaim | null> {
    return this.transact((tx) => runs.claimRun(tx, id, leaseMs));
  }
  extendRun(id: string, token: number, leaseMs: number): Promise<boolean> {
    return this.transact((tx) => runs.extendRun(tx, id, token, leaseMs));
  }
  releaseRun(id: string, token: number): Promise<void> {
    return this.transact((tx) => runs.releaseRun(tx, id, token));
  }
  endRun(id: string, token: number, progress: port.Run["progress"]): Promise<port.Run> {
    return this.transact((tx) => runs.endRun(tx, id, token, progress));
  }
  listNotes(
    id: string,
    query: Parameters<port.RunStore["listNotes"]>[1],
  ): Promise<readonly port.StoredNote[]> {
    return this.read((tx) => runs.listNotes(tx, id, query));
  }
  forgetRuns(keptMs: number): Promise<number> {
    return this.transact((tx) => runs.forgetRuns(tx, keptMs));
  }

  recordAdoption(id: string, token: number, step: port.AdoptionStep): Promise<port.Adoption> {
    const rows = step.files.length + step.notes.length;
    return this.insert(rows, (tx) => adoptions.recordAdoption(tx, id, token, step));
  }
  listAdoptedProjects(
    id: string,
    query: Parameters<port.RunStore["listAdoptedProjects"]>[1],
  ): Promise<readonly port.AdoptedProject[]> {
    return this.read((tx) => adoptions.listAdoptedProjects(tx, id, query));
  }
}

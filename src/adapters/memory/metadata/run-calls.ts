import type * as port from "../../../ports/metadata/index.ts";
import { MemoryAuditCalls } from "./audit-calls.ts";
import * as runs from "./runs.ts";

/** The part of the metadata port that adoptions use. */
export abstract class MemoryRunCalls extends MemoryAuditCalls implements port.RunStore {
  async createRun(run: port.NewRun): Promise<port.Run> {
    return this.run((tx) => runs.createRun(tx, run));
  }
  async findRun(id: string): Promise<port.Run | null> {
    return this.run((tx) => runs.findRun(tx, id));
  }
  async dueRuns(limit: number): Promise<readonly string[]> {
    return this.run((tx) => runs.dueRuns(tx, limit));
  }
  async claimRun(id: string, leaseMs: number): Promise<port.RunClaim | null> {
    return this.run((tx) => runs.claimRun(tx, id, leaseMs));
  }
  async extendRun(id: string, token: number, leaseMs: number): Promise<boolean> {
    return this.run((tx) => runs.extendRun(tx, id, token, leaseMs));
  }
  async releaseRun(id: string, token: number): Promise<void> {
    this.run((tx) => runs.releaseRun(tx, id, token));
  }
  async endRun(id: string, token: number, progress: port.Run["progress"]): Promise<port.Run> {
    return this.run((tx) => runs.endRun(tx, id, token, progress));
  }
  async listNotes(
    id: string,
    query: Parameters<port.RunStore["listNotes"]>[1],
  ): Promise<readonly port.StoredNote[]> {
    return this.run((tx) => runs.listNotes(tx, id, query));
  }
  async forgetRuns(keptMs: number): Promise<number> {
    return this.run((tx) => runs.forgetRuns(tx, keptMs));
  }

  async recordAdoption(id: string, token: number, step: port.AdoptionStep): Promise<port.Adoption> {
    return this.run((tx) => runs.recordAdoption(tx, id, token, step));
  }
  async listAdoptedProjects(
    id: string,
    query: Parameters<port.RunStore["listAdoptedProjects"]>[1],
  ): Promise<readonly port.AdoptedProject[]> {
    return this.run((tx) => runs.listAdoptedProjects(tx, id, query));
  }
}

import type * as port from "../../../ports/metadata/index.ts";
import { MemoryAuditCalls } from "./audit-calls.ts";
import * as relayouts from "./relayouts.ts";
import * as runs from "./runs.ts";

/** The part of the metadata port that adoptions and relayouts use. */
export abstract class MemoryRunCalls
  extends MemoryAuditCalls
  implements port.RunStore, port.RelayoutStore
{
  async createRun<K extends port.RunKind>(run: port.NewRun<K>): Promise<port.RunOfKind<K>> {
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

  async listRelayouts(
    query: Parameters<port.RelayoutStore["listRelayouts"]>[0],
  ): Promise<readonly port.Relayout[]> {
    return this.run((tx) => relayouts.listRelayouts(tx, query));
  }
  async listLegacyFiles(query: port.LegacyFileQuery): Promise<readonly port.LegacyFile[]> {
    return this.run((tx) => relayouts.listLegacyFiles(tx, query));
  }
  async recordRelayout(id: string, token: number, step: port.RelayoutStep): Promise<port.Relayout> {
    return this.run((tx) => relayouts.recordRelayout(tx, id, token, step));
  }
  async commitFileMove(id: string, token: number, move: port.FileMove): Promise<boolean> {
    return this.run((tx) => relayouts.commitFileMove(tx, id, token, move));
  }
  async listHeld(
    id: string,
    query: Parameters<port.RelayoutStore["listHeld"]>[1],
  ): Promise<readonly port.HeldObject[]> {
    return this.run((tx) => relayouts.listHeld(tx, id, query));
  }
  async countHeld(id: string): Promise<{ readonly objects: number; readonly bytes: number }> {
    return this.run((tx) => relayouts.countHeld(tx, id));
  }
  async releaseHeld(by: port.HeldBy, key: string): Promise<boolean> {
    return this.run((tx) => relayouts.releaseHeld(tx, by, key));
  }
  async undoFileMove(
    by: port.HeldBy,
    key: string,
  ): Promise<{ readonly copyKey: string | null } | null> {
    return this.run((tx) => relayouts.undoFileMove(tx, by, key));
  }
}

import type * as port from "../../ports/metadata/index.ts";
import * as adoptions from "./adoptions.ts";
import { AuditCalls } from "./audit-calls.ts";
import * as relayouts from "./relayouts.ts";
import * as runs from "./runs.ts";

/** The part of the metadata port that adoptions and relayouts use. */
export abstract class RunCalls extends AuditCalls implements port.RunStore, port.RelayoutStore {
  createRun<K extends port.RunKind>(run: port.NewRun<K>): Promise<port.RunOfKind<K>> {
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

  listRelayouts(
    query: Parameters<port.RelayoutStore["listRelayouts"]>[0],
  ): Promise<readonly port.Relayout[]> {
    return this.read((tx) => relayouts.listRelayouts(tx, query));
  }
  listLegacyFiles(query: port.LegacyFileQuery): Promise<readonly port.LegacyFile[]> {
    return this.read((tx) => relayouts.listLegacyFiles(tx, query));
  }
  recordRelayout(id: string, token: number, step: port.RelayoutStep): Promise<port.Relayout> {
    return this.transact((tx) => relayouts.recordRelayout(tx, id, token, step));
  }
  commitFileMove(id: string, token: number, move: port.FileMove): Promise<boolean> {
    return this.transact((tx) => relayouts.commitFileMove(tx, id, token, move));
  }
  listHeld(
    id: string,
    query: Parameters<port.RelayoutStore["listHeld"]>[1],
  ): Promise<readonly port.HeldObject[]> {
    return this.read((tx) => relayouts.listHeld(tx, id, query));
  }
  countHeld(id: string): Promise<{ readonly objects: number; readonly bytes: number }> {
    return this.read((tx) => relayouts.countHeld(tx, id));
  }
  releaseHeld(by: port.HeldBy, key: string): Promise<boolean> {
    return this.transact((tx) => relayouts.releaseHeld(tx, by, key));
  }
  undoFileMove(by: port.HeldBy, key: string): Promise<{ readonly copyKey: string | null } | null> {
    return this.transact((tx) => relayouts.undoFileMove(tx, by, key));
  }
}

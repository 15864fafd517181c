import type { MetadataSnapshot } from "../../src/adapters/memory/metadata/state.ts";
import type { Fleet } from "./fleet.ts";
import { type Ground, hit } from "./model.ts";

/**
 * An operator puts an older backup of the database back (I11). Off unless a run asks for it: until the
 * service looks for tombstones when it starts, a restored project of before stays revived.
 */
export class Restoring {
  readonly #ground: Ground;
  readonly #fleet: Fleet;
  /** Projects that had a receipt when the backup was put back. */
  readonly #deletedBefore = new Set<string>();

  constructor(ground: Ground, fleet: Fleet) {
    this.#ground = ground;
    this.#fleet = fleet;
  }

  begin(faultTimeMs: number): void {
    const { world, metadata } = this.#ground;
    const takenMs = world.rng.between(0, faultTimeMs);
    world.schedule(takenMs, () => {
      const backup = metadata.snapshot();
      world.schedule(world.rng.between(1000, faultTimeMs), () => this.#restore(backup));
    });
  }

  /** Every process stops, the rows of before come back, and every process starts again. */
  #restore(backup: MetadataSnapshot): void {
    const { metadata, projects } = this.#ground;
    hit(this.#ground, "database restored");
    for (const uid of metadata.view().rows.receipts.keys()) this.#deletedBefore.add(uid);
    const { names } = this.#fleet;
    for (const name of names) this.#fleet.kill(name);
    metadata.restore(backup);
    // What was acknowledged since the backup is lost with it, or is there and known to nobody.
    for (const { files } of projects) for (const contents of files.values()) contents.add(null);
    for (const name of names) this.#fleet.start(name);
  }

  /** At the end: whatever was deleted before the restore is deleted after it, and has left nothing. */
  check(): void {
    const { metadata, violations } = this.#ground;
    for (const uid of this.#deletedBefore) {
      const project = metadata.view().rows.projects.get(uid);
      if (project && project.state !== "deleted") {
        violations.add("I11", `${uid} was deleted, and is '${project.state}' since the restore`);
      }
    }
  }
}

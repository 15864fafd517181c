import { parseAmendment } from "../../src/core/amendment.ts";
import { canonicalPrefix } from "../../src/core/keys.ts";
import { fromBase64Url } from "../../src/core/encoding.ts";
import { hasEnded } from "./end-checks.ts";
import { contentOf, type Ground, hit, remainsOf } from "./model.ts";

/** What others put, with credentials of their own, where the objects of a deleted project lay. */
export async function comeBack(ground: Ground): Promise<void> {
  const { world, metadata, objects, projects, returned } = ground;
  for (const { id, uid } of projects) {
    const row = deletionOf(ground, uid);
    // What no look is to come for stays as it is, until somebody asks for one.
    if (row?.state !== "completed" || row.settling.dueAt === null) continue;
    // A look that is under way may have listed the place already.
    if (row.leaseUntil > world.nowMs) continue;
    if (metadata.view().rows.projects.get(uid)?.id !== id || world.rng.chance(0.4)) continue;
    const keys = [`old/${id}/back`, `audio/proj_${id}/back`, `${canonicalPrefix(uid)}back`];
    const some = keys.filter(() => world.rng.chance(0.7));
    for (const key of some) await objects.put(key, contentOf(`back ${key}`));
    if (some.length > 0) hit(ground, "came back");
    returned.set(uid, some.length);
  }
}

function deletionOf({ metadata }: Ground, uid: string) {
  const rows = metadata.view().rows.deletions.values();
  return rows.find(({ projectUid, state }) => projectUid === uid && state !== "restored") ?? null;
}

/** Whether every look that was due has come to its end, and every amendment has its copy. */
export function hasSettled(ground: Ground): boolean {
  if (!hasEnded(ground)) return false;
  const { deletions, amendments } = ground.metadata.view().rows;
  for (const { settling } of deletions.values()) if (settling.dueAt !== null) return false;
  return amendments.values().every(({ copied }) => copied);
}

/** What came back is gone, and stated beside the receipt that stays (I1, I7, I9). */
export function checkSettled(ground: Ground): void {
  const { violations, returned, projects } = ground;
  if (!hasSettled(ground)) violations.add("I9", "not every look at a completed deletion has ended");
  for (const project of projects) {
    const row = deletionOf(ground, project.uid);
    if (row?.state !== "completed") continue;
    for (const what of remainsOf(ground, project)) {
      violations.add("I1", `${what} is there after the deletion has settled`);
    }
    const back = returned.get(project.uid) ?? 0;
    const [found, residue] = stated(ground, project.uid);
    if (found < back || residue > 0) {
      const said = `${found} found and ${residue} left`;
      violations.add(
        "I7",
        `${back} objects of ${project.id} came back, the amendments say ${said}`,
      );
    }
    if (back > 0) hit(ground, "amended");
    if (row.settling.results.some(({ result }) => result === "clean")) hit(ground, "settled clean");
  }
}

/** What the amendments of a project say in all was found, and what the last one says is left. */
function stated({ metadata }: Ground, uid: string): readonly [number, number] {
  let found = 0;
  let residue = 0;
  for (const { amendment } of metadata.view().rows.amendments.values()) {
    if (amendment.projectUid !== uid) continue;
    const payload = parseAmendment(fromBase64Url(amendment.jws.split(".")[1] ?? ""));
    found += payload.found;
    residue = payload.residue;
  }
  return [found, residue];
}

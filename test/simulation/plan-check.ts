import { isInternalKey } from "../../src/core/keys.ts";
import { type Api, ask, OWNER } from "./clients.ts";
import { dueInMs } from "./idle.ts";
import { type Ground, hit } from "./model.ts";
import { PAUSE_MAX_MS } from "./nemesis.ts";

const PLAN_TIME_MS = 60_000;

/** All that both stores hold of projects, as a text: what expunge keeps for itself comes and goes. */
function everything({ objects, metadata }: Ground): string {
  const { projects, files, uploads, removals, deletions } = metadata.view().rows;
  const { objects: there, versions: all, uploads: open } = objects.snapshot();
  const versions = all.filter(({ key }) => !isInternalKey(key));
  const keys = [...there.keys()].filter((key) => !isInternalKey(key));
  const rows = [projects, uploads, removals, deletions].map((map) => [...map.values()]);
  const named = [...files.values()].map((map) => [...map.values()]);
  return JSON.stringify([rows, named, keys, versions, [...open.keys()]]);
}

/** A dry run, where nothing else goes on: it changes nothing, and counts what is there. */
export async function checkPlan(
  ground: Ground,
  api: Api,
  run: (forMs: number) => Promise<void>,
): Promise<void> {
  const { world, metadata, violations, objects, layouts } = ground;
  await run(2 * PAUSE_MAX_MS);
  const project = world.rng.pick(ground.projects);
  if (metadata.view().rows.projects.get(project.uid)?.state !== "active") return;
  // An expiry, or a look at a completed deletion, would change something meanwhile.
  if (dueInMs(metadata.view()) <= PLAN_TIME_MS) return;
  const before = everything(ground);
  const [reply] = await Promise.all([
    ask(ground, api, ({ deletions }) => deletions.plan(OWNER, project.id)),
    run(PLAN_TIME_MS),
  ]);
  if (everything(ground) !== before)
    violations.add("I12", `the plan of ${project.id} changed something`);
  if (!reply.ok) return;
  hit(ground, "plan");
  const view = objects.view();
  const { versioning } = await objects.capabilities();
  let there = 0;
  for (const { prefix, owns } of layouts.surfacesFor(project)) {
    if (versioning === "none") {
      for (const key of view.keysBelow(prefix)) if (owns(key)) there++;
    } else for (const [, { key }] of view.versionsBelow(prefix)) if (owns(key)) there++;
    for (const { key } of view.uploads.values()) if (owns(key)) there++;
  }
  if (reply.value.objects !== there) {
    violations.add("I12", `the plan of ${project.id} counts ${reply.value.objects} of ${there}`);
  }
}

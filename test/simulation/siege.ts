import { isTerminal } from "../../src/core/deletion.ts";
import type { StoreErrorCode } from "../../src/core/store-errors.ts";
import { ADMIN, type Api, ask, OWNER } from "./clients.ts";
import { type Ground, hit, type ProjectModel, remainsOf } from "./model.ts";
import { refusalOf } from "./nemesis.ts";
import type { Chance } from "./process.ts";
import { NO_FAULTS } from "./faults.ts";

/** How long the cause of a block stands: long enough for every retry within one attempt. */
const SIEGE_MS = 15 * 60_000;

const KINDS = ["denied", "throttled", "locked", "circle"] as const;
type Kind = (typeof KINDS)[number];

const CODES: Readonly<Record<Kind, StoreErrorCode>> = {
  denied: "access-denied",
  throttled: "throttled",
  locked: "object-locked",
  circle: "listing-broken",
};

/**
 * With every process well and no other fault, the store refuses for a quarter of an hour what a
 * deletion needs: meanwhile it must be `blocked` by that cause with its residue named, and have no
 * receipt (I3, I5, I12). Afterwards it ends as any other, by itself or by an operator's retry.
 */
export async function besiege(
  ground: Ground,
  api: Api,
  chance: Chance,
  run: (forMs: number) => Promise<void>,
): Promise<void> {
  const { world, metadata, violations } = ground;
  const active = ground.projects.filter(({ uid }) => {
    const project = metadata.view().rows.projects.get(uid);
    return project?.state === "active" && project.hold === null;
  });
  if (active.length === 0) return;
  const project = world.rng.pick(active);
  // A listing of one page has no cursor that could be repeated.
  const kind = world.rng.pick(ground.isPaged ? KINDS : KINDS.slice(0, -1));
  const lift = lay(ground, kind, project, chance);
  const begunAt = world.nowMs;
  project.deletionRequested = true;
  project.purgeNotBefore = Math.min(project.purgeNotBefore, world.nowMs);
  const options = { graceMs: 0 };
  await Promise.all([
    ask(ground, api, ({ deletions }) => deletions.request(OWNER, project.id, options)),
    run(SIEGE_MS),
  ]);
  const own = [...metadata.view().rows.deletions.values()].filter(
    ({ projectUid }) => projectUid === project.uid,
  );
  const deletion = own.find(({ state }) => state !== "restored");
  // A client whose undo lay in a paused process all the while: it took this deletion back.
  if (!deletion && own.some(({ requestedAt }) => requestedAt >= begunAt)) return lift();
  const what = `under siege (${kind}) the deletion of ${project.id}`;
  if (!deletion) violations.add("I5", `${what} was not taken up`);
  else if (isTerminal(deletion.state)) violations.add("I3", `${what} is '${deletion.state}'`);
  else if (deletion.blocked?.code !== CODES[kind]) {
    violations.add("I12", `${what} is blocked by '${deletion.blocked?.code ?? "nothing"}'`);
  } else if (deletion.residue.length === 0) {
    violations.add("I5", `${what} names no residue`);
  } else hit(ground, `besieged ${kind}`);
  if (remainsOf(ground, project).next().done) violations.add("I3", `${what} left nothing`);
  lift();
  if (!deletion || world.rng.chance(0.5)) return;
  hit(ground, "retry by hand");
  await Promise.all([
    ask(ground, api, ({ deletions }) => deletions.retry(ADMIN, deletion.id)),
    run(1000),
  ]);
}

/** Answers what ends it. */
function lay(
  { objects, layouts }: Ground,
  kind: Kind,
  project: ProjectModel,
  chance: Chance,
): () => void {
  const { failures } = objects;
  const own = layouts.surfacesFor(project);
  if (kind === "locked") {
    const message = "simulated lock";
    const locked = { result: "blocked", retryable: false, code: "object-locked", message } as const;
    failures.refuse = (key) => (own.some(({ owns }) => owns(key)) ? locked : null);
  } else if (kind === "circle") {
    chance.rates = { circle: 1 };
  } else {
    const calls = new Set(["remove", "removeVersions", "abortUpload"]);
    failures.fail = (call) => (calls.has(call) ? refusalOf(kind) : null);
  }
  return () => {
    failures.refuse = null;
    failures.fail = null;
    chance.rates = NO_FAULTS;
  };
}

import { isExpungeError } from "../../src/core/errors.ts";
import { ADMIN, type Api, ask, FileClient, OWNER } from "./clients.ts";
import { type Ground, hit, type ProjectModel } from "./model.ts";
import { intrude } from "./strangers.ts";

const PAUSE_MIN_MS = 10;
/** Mostly none or short ones, so that purges meet clients; a long one now and then. */
const GRACES_MS = [0, 0, 0, 5000, 30_000, 120_000, 1_800_000];

/** Who acts in a run, and how much. */
export interface Play {
  readonly actions: number;
  readonly pauseMaxMs: number;
  /** How likely a client that could delete a project does. */
  readonly deletes: number;
}

/** One client's whole part: mostly files, now and then a project. */
export async function playClient(
  ground: Ground,
  name: string,
  api: Api,
  { actions, pauseMaxMs, deletes }: Play,
): Promise<void> {
  const { rng } = ground.world;
  const files = new FileClient(ground, name, api);
  for (let i = 0; i < actions; i++) {
    await ground.world.pause(rng.between(PAUSE_MIN_MS, pauseMaxMs));
    const project = rng.pick(ground.projects);
    const dice = rng.between(1, 100);
    if (dice <= 32) await files.putNew(project);
    else if (dice <= 42) await files.putDirect(project);
    else if (dice <= 52) await files.overwrite(project);
    else if (dice <= 60) await files.deleteFile(project);
    else if (dice <= 72) await files.read(project);
    else if (dice <= 84) {
      if (rng.chance(deletes)) await requestDeletion(ground, project, api);
    } else if (dice <= 90) await restore(ground, project, api);
    else if (dice <= 94) await hold(ground, project, api);
    else if (dice <= 97) await intrude(ground, project, api);
    else await refuseLarge(ground, project, api);
  }
}

export async function requestDeletion(
  ground: Ground,
  project: ProjectModel,
  api: Api,
): Promise<void> {
  project.deletionRequested = true;
  const graceMs = ground.world.rng.pick(GRACES_MS);
  project.purgeNotBefore = Math.min(project.purgeNotBefore, ground.world.nowMs + graceMs);
  await ask(ground, api, (services) => services.deletions.request(OWNER, project.id, { graceMs }));
}

async function restore(ground: Ground, project: ProjectModel, api: Api): Promise<void> {
  await ask(ground, api, (services) => services.deletions.restore(OWNER, project.id));
}

/** Places a legal hold, or releases the one that stands. */
async function hold(ground: Ground, project: ProjectModel, api: Api): Promise<void> {
  const stands = ground.metadata.view().rows.projects.get(project.uid)?.hold;
  if (stands) return await release(ground, project, api);
  const placed = await ask(ground, api, ({ projects }) =>
    projects.placeHold(ADMIN, project.id, "a lawsuit"),
  );
  if (placed.ok) hit(ground, "hold placed");
}

export async function release(ground: Ground, project: ProjectModel, api: Api): Promise<void> {
  const released = await ask(ground, api, ({ projects }) =>
    projects.releaseHold(ADMIN, project.id),
  );
  if (released.ok) hit(ground, "hold released");
}

/** A deletion that is larger than its caller allows is refused, and nothing is changed. */
async function refuseLarge(ground: Ground, project: ProjectModel, api: Api): Promise<void> {
  const options = { maxObjects: 0, graceMs: 0 };
  const reply = await ask(ground, api, ({ deletions }) =>
    deletions.request(OWNER, project.id, options),
  );
  // Something was planted in every project, so only one that is being purged already may answer.
  if (reply.ok && reply.value.state === "trashed") {
    ground.violations.add("I12", `${project.id} was trashed although it holds more than 0 objects`);
  }
  if (!reply.ok && isExpungeError(reply.error, "too-many-objects")) hit(ground, "too many objects");
}

import { ADMIN, type Api, ask, FileClient } from "./clients.ts";
import type { Play } from "./acts.ts";
import type { Ground } from "./model.ts";

const PAUSE_MIN_MS = 10;

/** Who moves adopted files to canonical keys, back, or for good, while their users go on with them. */
export async function playOperator(
  ground: Ground,
  api: Api,
  { actions, pauseMaxMs }: Play,
): Promise<void> {
  const { rng } = ground.world;
  const users = ["old", "audio"].map((below) => new FileClient(ground, below, api));
  for (let i = 0; i < actions; i++) {
    await ground.world.pause(rng.between(PAUSE_MIN_MS, pauseMaxMs));
    const project = rng.pick(ground.projects);
    const dice = rng.between(1, 100);
    if (dice <= 40) {
      const projects = rng.chance(0.5) ? [project.id] : [];
      const input = { dryRun: rng.chance(0.1), projects };
      await ask(ground, api, ({ relayouts }) => relayouts.start(ADMIN, input));
    } else if (dice <= 70) await endOne(ground, api, rng.pick(["finish", "undo"]));
    else if (dice <= 80) await rng.pick(users).read(project);
    else if (dice <= 90) await rng.pick(users).overwrite(project);
    else await rng.pick(users).deleteFile(project);
  }
}

function copying({ metadata }: Ground): readonly string[] {
  const runs = [...metadata.view().rows.runs.values()].map(({ run }) => run);
  return runs.flatMap((run) =>
    run.kind === "relayout" && run.request.action === "copy" ? [run.id] : [],
  );
}

async function endOne(ground: Ground, api: Api, action: "finish" | "undo"): Promise<void> {
  const ids = copying(ground);
  if (ids.length === 0) return;
  const id = ground.world.rng.pick(ids);
  await ask(ground, api, ({ relayouts }) => relayouts[action](ADMIN, id, { dryRun: false }));
}

/** Without faults: whatever is held is let go or given back. */
export async function endRelayouts(ground: Ground, api: Api): Promise<void> {
  for (const id of copying(ground)) {
    const action = ground.world.rng.pick(["finish", "undo"] as const);
    await ask(ground, api, ({ relayouts }) => relayouts[action](ADMIN, id, { dryRun: false }));
  }
}

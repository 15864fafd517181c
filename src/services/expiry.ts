import { makeDeletionId } from "../core/ids.ts";
import { LIMITS } from "../core/limits.ts";
import type { Context } from "./context.ts";

/** Who asked for the deletion of a project whose time is over. */
const EXPIRY = "expiry";

/**
 * Begins the deletion of projects whose time is over by the database's clock, with the configured grace.
 * May be called by any number of processes: each is begun once.
 */
export async function expireProjects(context: Context): Promise<void> {
  const { metadata, random, settings, log } = context;
  for (const { uid } of await metadata.expiredProjects(LIMITS.scanItems)) {
    const deletion = await metadata.expireProject({
      id: makeDeletionId(random.bytes(12)),
      projectUid: uid,
      requestedBy: EXPIRY,
      graceMs: Math.max(settings.graceMs, settings.minGraceMs),
      salt: random.bytes(32),
    });
    if (!deletion) continue;
    log
      .child({ deletion: deletion.id, project: uid })
      .info({ by: EXPIRY, purgeAfter: deletion.purgeAfter }, "project expired, deletion begun");
  }
}

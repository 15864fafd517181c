import { ADOPTION_BEGINS } from "../../src/core/adoption.ts";
import { canonicalPrefix } from "../../src/core/keys.ts";
import { OWNER } from "./clients.ts";
import { contentOf, type Ground } from "./model.ts";

const EXPIRING = 0.06;
const EXPIRY_MAX_MS = 240_000;

/** Siblings on purpose: each is a prefix of another (I4). */
const IDS = ["p1", "p10", "p1-0", "p"];

/** Projects with sibling ids, and what usually stays behind. */
export async function plant(ground: Ground, count: number): Promise<void> {
  for (const [i, id] of IDS.slice(0, count).entries()) {
    const uid = `0${i}`.padEnd(26, "a");
    const { rng, nowMs } = ground.world;
    // A project with a time to live is deleted without anybody asking.
    const expiresAt = rng.chance(EXPIRING) ? nowMs + rng.between(5000, EXPIRY_MAX_MS) : null;
    await ground.metadata.createProject({
      id,
      uid,
      name: id,
      owner: OWNER.subject,
      metadata: {},
      quotaBytes: null,
      ttlMs: null,
      expiresAt,
    });
    const planted = await plantObjects(ground, id, uid);
    ground.projects.push({
      id,
      uid,
      files: new Map(),
      planted,
      adopted: new Set(),
      deletionRequested: expiresAt !== null,
      purgeNotBefore: expiresAt ?? Number.POSITIVE_INFINITY,
    });
  }
}

async function plantObjects(
  { objects, versioned }: Ground,
  id: string,
  uid: string,
): Promise<Map<string, string>> {
  const planted = new Map<string, string>();
  const prefix = canonicalPrefix(uid);
  for (const key of [
    `${prefix}stray`,
    `${prefix}deep/er/stray`,
    `old/${id}/a`,
    `old/${id}/b/c`,
    `audio/proj_${id}/x`,
  ]) {
    const text = `planted ${key}`;
    planted.set(key, text);
    // Older versions below it, where they are kept.
    for (const one of versioned ? ["older", "old", text] : [text]) {
      await objects.put(key, contentOf(one));
    }
  }
  // Only a marker and what it hides, where that is kept.
  await objects.put(`${prefix}hidden`, contentOf("hidden"));
  await objects.remove([`${prefix}hidden`]);
  await objects.createUpload(`${prefix}open`, "x/y");
  await objects.createUpload(`old/${id}/open`, "x/y");
  return planted;
}

/** Files of what was planted in legacy layouts, as an adoption makes them. */
export async function adoptPlanted({ metadata, projects }: Ground): Promise<void> {
  const id = "ADOPT-000000000000";
  await metadata.createRun({
    kind: "adoption",
    id,
    requestedBy: "admin",
    request: { dryRun: false, owner: OWNER.subject, minAgeMs: 0, prefix: "" },
    progress: ADOPTION_BEGINS,
  });
  const claim = await metadata.claimRun(id, 1);
  const files = projects.flatMap((project, i) =>
    [...project.planted]
      .filter(([key]) => !key.startsWith(canonicalPrefix(project.uid)))
      .map(([key, text], n) => {
        project.planted.delete(key);
        project.adopted.add(key);
        project.files.set(key, new Set([text]));
        return {
          fileUid: `0${i}${n}`.padEnd(26, "b"),
          projectId: project.id,
          path: key,
          key,
          sizeBytes: contentOf(text).length,
          contentType: "text/plain",
          etag: "as the store calls it",
          modifiedAt: 0,
        };
      }),
  );
  const token = claim?.token ?? 0;
  const step = { progress: ADOPTION_BEGINS, notes: [], files, projects: [] };
  await metadata.recordAdoption(id, token, step);
  await metadata.endRun(id, token, { ...ADOPTION_BEGINS, isListed: true });
}

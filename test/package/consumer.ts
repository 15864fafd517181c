// Compiled against the packed package, as an application would: what must not compile says so.
import {
  createDeletionEngine,
  createExpunge,
  type Deletion,
  EngineError,
  type EngineDeletion,
  type Expunge,
  openMemoryStore,
  type Residue,
} from "expunge";
import { createDeletionEngine as alone, openR2BindingStore, type R2Bucket } from "expunge/engine";

export async function inProcess(): Promise<Deletion> {
  await using expunge: Expunge = await createExpunge({ env: { EXPUNGE_DATA_DIR: "data" } });
  const admin = { subject: "admin", rights: new Set(["admin"] as const) };
  // @ts-expect-error -- a right that there is not
  await expunge.projects.create({ subject: "x", rights: new Set(["write"]) }, {});
  return await expunge.deletions.delete(admin, "p1", { graceMs: 0, waitMs: 1000 });
}

export async function engine(bucket: R2Bucket): Promise<readonly Residue[]> {
  const store = openR2BindingStore(bucket, "files");
  const own = alone({ store, trackedKeys: () => ["a"], canonical: "p/{project}/**" });
  try {
    const deletion: EngineDeletion = await own.delete("p1", { maxObjects: 5 });
    const state: "completed" | "blocked" = deletion.state;
    return state === "completed" ? deletion.residue : [];
  } catch (error) {
    if (error instanceof EngineError) return error.deletion.residue;
    throw error;
  }
}

// @ts-expect-error -- tracked keys are needed
createDeletionEngine({ store: openMemoryStore() });

createDeletionEngine({
  store: openMemoryStore(),
  // @ts-expect-error -- keys are texts
  trackedKeys: () => [1],
});

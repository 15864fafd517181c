import { FilesystemObjectStore } from "../adapters/filesystem/object-store.ts";
import { limitedStore } from "../adapters/limited-store.ts";
import { MemoryObjectStore } from "../adapters/memory/object-store.ts";
import type { S3StoreOptions } from "../adapters/s3/options.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { systemClock, systemRandom } from "./system.ts";

const ports = { clock: systemClock, random: systemRandom };

/** Where an S3 store lies and how it is reached. */
export type S3StoreSettings = Omit<S3StoreOptions, "clock" | "timeouts">;

/**
 * A bucket of R2, AWS or another S3-compatible store. It is not asked anything yet. The number of calls
 * under way is bounded, and shrinks while the store throttles.
 */
export async function openS3Store(settings: S3StoreSettings): Promise<ObjectStore> {
  // Loaded where it is needed: the client takes longer than all the rest.
  const { S3ObjectStore } = await import("../adapters/s3/object-store.ts");
  return limitedStore(new S3ObjectStore({ ...settings, clock: systemClock }));
}

/**
 * A directory, each object a file at its key. It is taken as it is: one that is missing is refused, for
 * nothing would look like a verified deletion more than the wrong place.
 * @throws ExpungeError `data-dir-unusable`
 */
export async function openFileStore(dir: string): Promise<ObjectStore> {
  return await FilesystemObjectStore.open(dir, { ...ports, asItIs: true });
}

/** A store in memory, for tests: what lies in it is gone with the process. */
export function openMemoryStore(): ObjectStore {
  return new MemoryObjectStore(systemClock, { random: systemRandom });
}

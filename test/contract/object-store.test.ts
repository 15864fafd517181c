import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FilesystemObjectStore } from "../../src/adapters/filesystem/object-store.ts";
import { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";
import { objectStoreContract, versionedStoreContract } from "./object-store.ts";

const random = new SystemRandom();
const clock = new SystemClock();
const nothing = (): Promise<void> => Promise.resolve();

objectStoreContract("memory", async () => {
  return { store: new MemoryObjectStore(clock, { random }), cleanup: nothing };
});

objectStoreContract("memory with short and empty pages", async () => {
  const options = { random, pageKeys: 2, emptyPages: true, presign: true };
  return { store: new MemoryObjectStore(clock, options), cleanup: nothing };
});

for (const pages of [{}, { pageKeys: 2, emptyPages: true }]) {
  const name = `memory${Object.keys(pages).length > 0 ? " with short and empty pages" : ""}`;
  versionedStoreContract(name, async () => {
    const options = { random, versioning: "enabled" as const, ...pages };
    return { store: new MemoryObjectStore(clock, options), cleanup: nothing };
  });
}

objectStoreContract("the file system", async () => {
  const directory = await mkdtemp(join(tmpdir(), "expunge-contract-"));
  return {
    store: await FilesystemObjectStore.open(directory, { random, clock }),
    cleanup: () => rm(directory, { recursive: true, force: true }),
  };
});

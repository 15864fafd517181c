import { FilesystemObjectStore } from "../../src/adapters/filesystem/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";
import { temporaryDir } from "../support/service-process.ts";
import { openUppy } from "./uppy-app.ts";
import { describeUppy } from "./uppy-scenarios.ts";

describeUppy("the local store", async () => {
  const dir = await temporaryDir();
  const ports = { clock: new SystemClock(), random: new SystemRandom() };
  const store = await FilesystemObjectStore.open(`${dir.path}/objects`, ports);
  const uppy = await openUppy(store);
  return {
    ...uppy,
    [Symbol.asyncDispose]: async () => {
      await uppy[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
});

import { FilesystemObjectStore } from "../adapters/filesystem/object-store.ts";
import { retryingStore } from "../adapters/retrying-store.ts";
import type { StoreConfig } from "../config.ts";
import { ExpungeError } from "../core/errors.ts";
import type { Clock, Random } from "../ports/clock.ts";
import type { ObjectStore } from "../ports/object-store.ts";

/** Opens the store that the configuration names. @throws ExpungeError */
export async function openStore(
  config: StoreConfig,
  ports: { readonly clock: Clock; readonly random: Random; readonly asItIs?: boolean },
): Promise<ObjectStore> {
  switch (config.kind) {
    case "file":
      return retryingStore(await FilesystemObjectStore.open(config.dir, ports), ports);
    case "s3":
      throw new ExpungeError(
        "invalid-config",
        "S3 and R2 stores are not part of this version yet; use a local directory (file:DIR).",
      );
  }
}

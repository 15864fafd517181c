import { utf8Length } from "../../src/core/encoding.ts";
import { objectStoreContract } from "../contract/object-store.ts";
import { openLive, r2Bucket } from "./r2-bucket.ts";

const place = r2Bucket();

objectStoreContract("a bucket on R2", async () => {
  const live = openLive(place);
  return {
    store: live.store,
    differences: {
      refusesKey: (key) => key.includes("\0") || utf8Length(live.prefix + key) > 1024,
      // Each round of a race sends five megabytes.
      raceRounds: 100,
    },
    cleanup: () => live.cleanup(),
  };
});

import { S3ObjectStore, type S3StoreOptions } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { utf8Length } from "../../src/core/encoding.ts";
import type { BucketOptions } from "../wire/bucket.ts";
import { dialectOf } from "../wire/dialects.ts";
import { WireServer, type WireOptions } from "../wire/server.ts";
import type { StoreDifferences } from "./object-store/fixture.ts";
import { objectStoreContract, type StoreSubject, versionedStoreContract } from "./object-store.ts";

/** What holds of every S3 store here; a part of it has 5 MiB, which makes races of many rounds long. */
function differencesOf(prefix = ""): StoreDifferences {
  return {
    refusesKey: (key) => key.includes("\0") || utf8Length(prefix + key) > 1024,
    raceRounds: 40,
  };
}

/** What the real one is allowed as well. */
const OF_CEPH: StoreDifferences = { repeatsCompletions: true, completesAllParts: true };

interface Setting {
  readonly wire?: WireOptions;
  readonly bucket?: BucketOptions;
  readonly store?: Partial<S3StoreOptions>;
  readonly differences?: StoreDifferences;
}

/** The S3 adapter on a server of our own: what faults are tested on must be an S3 store itself. */
async function subject(setting: Setting = {}): Promise<StoreSubject> {
  const server = await WireServer.start(setting.wire);
  server.makeBucket("contract", setting.bucket);
  const { endpoint, region, credentials } = server;
  const place = { bucket: "contract", endpoint, region, ...credentials, clock: new SystemClock() };
  const store = new S3ObjectStore({ ...place, ...setting.store });
  return {
    store,
    differences: { ...differencesOf(setting.store?.prefix), ...setting.differences },
    cleanup: async () => {
      store.close();
      await server.stop();
    },
  };
}

const SHORT_PAGES = { pageKeys: 2, emptyPages: true };

objectStoreContract("S3 on the wire", () => subject());

objectStoreContract("a prefix in R2 on the wire, with short and empty pages", () =>
  subject({
    wire: { dialect: dialectOf("r2") },
    bucket: SHORT_PAGES,
    store: { provider: "r2", prefix: "our files/+é%/" },
  }),
);

objectStoreContract("Ceph on the wire", () =>
  subject({ wire: { dialect: dialectOf("ceph") }, differences: OF_CEPH }),
);

versionedStoreContract("S3 on the wire", () => subject({ bucket: { versioning: "enabled" } }));

versionedStoreContract("Ceph on the wire, with short and empty pages", () =>
  subject({
    wire: { dialect: dialectOf("ceph") },
    bucket: { versioning: "enabled", ...SHORT_PAGES },
  }),
);

import { expect, test } from "vitest";
import { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";
import { openStore, usePlace } from "../adapters/filesystem/fixture.ts";
import { WireServer } from "../wire/server.ts";
import { deleteHostileKeys } from "./hostile-deletion.ts";

const TIMEOUT_MS = 120_000;
const place = usePlace();

test("sixty hostile keys and more are swept and verified in memory", async () => {
  const random = new SystemRandom();
  const store = new MemoryObjectStore(new SystemClock(), { random });
  expect(await deleteHostileKeys(store)).toBeGreaterThan(120);
});

test("sixty hostile keys and more are swept and verified in a directory", async () => {
  expect(await deleteHostileKeys(await openStore(place.root))).toBeGreaterThan(120);
});

test(
  "sixty hostile keys and more are swept and verified over the wire",
  { timeout: TIMEOUT_MS },
  async () => {
    const server = await WireServer.start();
    server.makeBucket("files", { partBytesMin: 1 });
    const { endpoint, region, credentials } = server;
    const clock = new SystemClock();
    const store = new S3ObjectStore({ bucket: "files", endpoint, region, ...credentials, clock });
    try {
      expect(await deleteHostileKeys(store)).toBeGreaterThan(120);
    } finally {
      store.close();
      await server.stop();
    }
  },
);

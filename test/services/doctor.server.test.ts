import { describe, expect, it } from "vitest";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";
import { examineStore } from "../../src/services/doctor/store.ts";
import { s3Server } from "../servers/given.ts";
import { S3Bucket } from "../support/s3-bucket.ts";
import { shapeOf } from "../contract/faults/shape.ts";

describe("the doctor on Ceph", () => {
  it.each([{}, { versioned: true }, { versioned: true, lockable: true }])(
    "is content with a bucket made so, and leaves nothing there: %j",
    async (options) => {
      await using bucket = await S3Bucket.create(s3Server(), options);
      const store = new S3ObjectStore(bucket.options());
      const ports = { clock: new SystemClock(), random: new SystemRandom() };
      const checks = await examineStore({ ...ports, store });
      store.close();
      const isVersioned = "versioned" in options;
      const wrong = checks.filter(({ ok }) => ok === false).map(({ name }) => name);
      // With versions Ceph 16.2 may show an object after the abort was answered (docs/stores.md).
      expect(wrong.filter((name) => !(isVersioned && name === "store-abort-race"))).toEqual([]);
      const detail = (name: string): string =>
        checks.find((check) => check.name === name)?.detail ?? "";
      expect(detail("store-abort-race")).toMatch(
        /races of abort and complete|object appeared after/,
      );
      expect(detail("store-key-form")).toBe("keys are kept as they are");
      expect(detail("store-versions")).toContain(isVersioned ? "enabled" : "no versions");
      expect(await shapeOf(bucket.client, bucket.name, "")).toBe("");
    },
  );
});

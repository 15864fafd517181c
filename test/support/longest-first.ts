import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What takes minutes, the longest first: begun last, it would be waited for with nothing beside it. */
const LONG = [
  "test/crash/crash.server.test.ts",
  "test/simulation/mutants.test.ts",
  "test/e2e/main-job-s3.server.test.ts",
  "test/simulation/exhaustive.test.ts",
  "test/e2e/main-job.test.ts",
  "test/services/faulty-deletion.server.test.ts",
  "test/contract/object-store.ceph.server.test.ts",
  "test/contract/object-store.fault-proxy.server.test.ts",
  "test/simulation/simulation.test.ts",
];

/** The order of vitest, by size and by what it remembers, behind the files that are known to be long. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((file) => moduleId.endsWith(`/${file}`));
      return at === -1 ? LONG.length : at;
    };
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}

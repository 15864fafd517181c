import type { TestProject } from "vitest/node";
import { givenS3, startCeph } from "./ceph.ts";
import { givenPostgres, startPostgres } from "./postgres.ts";

/**
 * Starts the servers once for all test files of a run that name them, and tells those where they are.
 * vitest calls it only where such a file is to be run. One that cannot be started fails the run.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(stops.map(async (one) => await one()));
  };
  const starts = [
    async (): Promise<void> => {
      const given = givenPostgres(process.env);
      if (given !== null) return project.provide("postgresUrl", given);
      const postgres = await startPostgres();
      stops.push(postgres.stop);
      project.provide("postgresUrl", postgres.url);
    },
    async (): Promise<void> => {
      const given = givenS3(process.env);
      if (given !== null) return project.provide("s3", given);
      const { stop: stopCeph, ...address } = await startCeph();
      stops.push(stopCeph);
      project.provide("s3", address);
    },
  ];
  const results = await Promise.allSettled(starts.map((start) => start()));
  const failures = results.flatMap((result) =>
    result.status === "rejected" ? [result.reason as unknown] : [],
  );
  if (failures.length === 0) return stop;
  await stop();
  throw failures.length === 1 ? failures[0] : new AggregateError(failures);
}

import { afterEach } from "vitest";
import type { Deletion } from "../../src/core/model.ts";
import { ADMIN, makeService, type TestService, type TestServiceOptions } from "./context.ts";

export const WAIT_MS = 10_000;
export const BYTES = new TextEncoder().encode("planted");

/** A service of the test's own, stopped after it, and what tests of deletions do with it. */
export function deletionFixture() {
  let started: TestService | null = null;

  afterEach(async () => {
    await started?.stop();
    started = null;
  });

  const fixture = {
    get service(): TestService {
      if (!started) throw new Error("start the service first");
      return started;
    },

    start: async (options: TestServiceOptions = {}): Promise<TestService> => {
      started = await makeService(options);
      return started;
    },

    /** Makes a project and answers its uid. */
    project: async (id: string): Promise<string> =>
      (await fixture.service.services.projects.create(ADMIN, { id })).uid,

    deleteAndWait: async (id: string): Promise<Deletion> => {
      const { deletions } = fixture.service.services;
      return await deletions.wait(await deletions.request(ADMIN, id, {}), WAIT_MS);
    },

    /** Keys of the store, without what expunge keeps for itself. */
    keys: (): readonly string[] =>
      [...fixture.service.objects.snapshot().objects.keys()].filter(
        (key) => !key.startsWith(".expunge/"),
      ),

    counts: (deletion: Deletion, surface: string) =>
      deletion.surfaces.find((one) => one.surface === surface),
  };
  return fixture;
}

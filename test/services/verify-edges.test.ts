import { describe, expect, it } from "vitest";
import { StoreError } from "../../src/core/store-errors.ts";
import { putText } from "../support/context.ts";
import { deletionFixture } from "../support/deletion-fixture.ts";
import { withMethods } from "../support/methods.ts";

const fixture = deletionFixture();
const { start, project, deleteAndWait, keys } = fixture;

/** A store of which nothing can be found out any more once the sweep has come to its end. */
async function startMute(error: Error): Promise<void> {
  let isMute = false;
  await start({
    wrap: (store) =>
      withMethods(store, {
        listUploads: async (prefix, options) => {
          const page = await store.listUploads(prefix, options);
          isMute = true;
          return page;
        },
        capabilities: async (options) => {
          if (isMute) throw error;
          return await store.capabilities(options);
        },
      }),
  });
  await project("p1");
  await putText(fixture.service, "p1", "a.txt", "12345");
}

describe("a verification that cannot find out what the store keeps", () => {
  it("leaves the surface unknown and issues no receipt (I3)", async () => {
    await startMute(new StoreError("access-denied", "blocked", "mute on purpose"));
    const deletion = await deleteAndWait("p1");
    expect(deletion.blocked).toMatchObject({ code: "access-denied" });
    expect(deletion.state).toBe("deleting");
    const residue = await fixture.service.metadata.listResidue(deletion.id, 10);
    expect(residue.map(({ surface, outcome }) => [surface, outcome])).toContainEqual([
      "versions",
      "unknown",
    ]);
    expect(keys()).toEqual([]);
    expect(await fixture.service.metadata.findReceipt(deletion.projectUid)).toBeNull();
  });

  it("stops at an error that is not the store's, and says so in the record (I12)", async () => {
    await startMute(new TypeError("a defect on purpose"));
    const deletion = await deleteAndWait("p1");
    expect(deletion.blocked).toMatchObject({ code: "internal", reason: "a defect on purpose" });
    expect(await fixture.service.metadata.findReceipt(deletion.projectUid)).toBeNull();
  });
});

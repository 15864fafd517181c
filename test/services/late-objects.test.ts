import { expect, it } from "vitest";
import { ADMIN } from "../support/context.ts";
import { BYTES, deletionFixture } from "../support/deletion-fixture.ts";
import { withMethods } from "../support/methods.ts";

const fixture = deletionFixture();
const { start, project, deleteAndWait, keys, counts } = fixture;

it("an object that shows a moment after its upload was aborted counts once, as an object (I7)", async () => {
  const aborted = new Set<string>();
  await start({
    wrap: (store) =>
      withMethods(store, {
        abortUpload: async (key, uploadId, signal) => {
          await store.abortUpload(key, uploadId, signal);
          aborted.add(key);
        },
        list: async (prefix, options) => {
          const page = await store.list(prefix, options);
          // Complete had won, and shows only after the first look.
          if (aborted.delete(prefix)) await fixture.service.objects.put(prefix, BYTES);
          return page;
        },
      }),
  });
  await project("p1");
  const { uploads } = fixture.service.services;
  const { id, key } = await uploads.open(ADMIN, "p1", {
    path: "a.bin",
    sizeBytes: BYTES.length,
    contentType: "text/plain",
    metadata: {},
  });
  await fixture.service.metadata.beginCompleting(id);
  const deletion = await deleteAndWait("p1");
  expect(deletion.state).toBe("completed");
  expect(keys()).not.toContain(key);
  expect(counts(deletion, "multipart")).toMatchObject({ deleted: 0 });
  expect(deletion.surfaces.reduce((sum, { deleted }) => sum + deleted, 0)).toBe(1);
});

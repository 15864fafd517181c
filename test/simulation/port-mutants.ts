import type { LayoutSet } from "../../src/core/layouts/index.ts";
import type { MetadataStore } from "../../src/ports/metadata/index.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { collect } from "../../src/services/bytes.ts";
import { withMethods } from "../support/methods.ts";
import type { PortMutant } from "./fleet.ts";

function layoutsWith(layouts: LayoutSet, surfacesFor: LayoutSet["surfacesFor"]): LayoutSet {
  return { ...layouts, surfacesFor };
}

/** Objects by a plain put when the upload completes: what cannot be fenced (R1). */
function puttingStore(store: ObjectStore): ObjectStore {
  const bodies = new Map<string, Uint8Array>();
  return withMethods(store, {
    uploadPart: async (_key, uploadId, number, part) => {
      const bytes = await collect(part.body, part.sizeBytes);
      bodies.set(`${uploadId} ${number}`, bytes);
      return { partNumber: number, etag: "etag", sizeBytes: bytes.length };
    },
    completeUpload: async (key, uploadId, parts) => {
      const bytes = parts.map(({ partNumber }) => bodies.get(`${uploadId} ${partNumber}`));
      await store.put(key, Buffer.concat(bytes.filter((one) => one !== undefined)));
      return await store.head(key);
    },
  });
}

/** Each is one wrong line, put in at a port, as it stands in a system of the field or in the original. */
export const PORT_MUTANTS: readonly (PortMutant & { readonly name: string })[] = [
  {
    // Only empty pages before the end give it away: else the next pass takes the next page.
    name: "an empty page is taken for the end of a listing (defect 6)",
    store: (store) =>
      withMethods(store, {
        list: async (prefix, options) => {
          const page = await store.list(prefix, options);
          return page.entries.length === 0 ? { entries: [], next: null } : page;
        },
      }),
  },
  {
    name: "aborts are not sent and uploads not listed",
    store: (store) =>
      withMethods(store, {
        abortUpload: () => Promise.resolve(),
        listUploads: () => Promise.resolve({ entries: [], next: null }),
      }),
  },
  {
    name: "a delete reply is believed and nothing is listed again (defect 2)",
    store: (store) => {
      const listed = new Set<string>();
      return withMethods(store, {
        remove: async (keys) => {
          const done = keys.slice(0, Math.ceil(keys.length / 2));
          await store.remove(done);
          return keys.map((key) => ({ key, result: "gone" }));
        },
        list: async (prefix, options) => {
          if (options?.cursor === undefined && listed.has(prefix))
            return { entries: [], next: null };
          listed.add(prefix);
          return await store.list(prefix, options);
        },
      });
    },
  },
  {
    name: "versions are not looked for",
    store: (store) =>
      withMethods(store, {
        capabilities: async () => ({ ...(await store.capabilities()), versioning: "none" }),
      }),
  },
  {
    name: "objects come into being by a plain put (R1)",
    store: puttingStore,
  },
  {
    name: "legacy layouts are skipped when rows exist (defect 5)",
    layouts: (layouts) =>
      layoutsWith(layouts, (project) => layouts.surfacesFor(project).slice(0, 1)),
  },
  {
    name: "keys are matched by substring (defect 3)",
    layouts: (layouts) =>
      layoutsWith(layouts, (project) =>
        layouts
          .surfacesFor(project)
          .map((surface) =>
            surface.surface === "canonical"
              ? surface
              : { ...surface, prefix: "", owns: (key) => key.includes(project.id) },
          ),
      ),
  },
  {
    name: "what a deleted file leaves in the store is forgotten (R12)",
    metadata: (metadata: MetadataStore) =>
      withMethods(metadata, {
        dueRemovals: () => Promise.resolve([]),
        findRemovals: () => Promise.resolve([]),
      }),
  },
  {
    name: "the grace is not kept (I6)",
    metadata: (metadata: MetadataStore) =>
      withMethods(metadata, {
        requestDeletion: (request) => metadata.requestDeletion({ ...request, graceMs: 0 }),
      }),
  },
];

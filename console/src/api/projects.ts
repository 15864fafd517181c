import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { DeletionJson, ProjectJson } from "expunge/client";
import { api } from "./client.ts";

/** More than this is not looked through on one page; the search of the service finds the others. */
export const SHOWN_MAX = 10_000;

/** Up to `max` of what comes. */
export async function taken<T>(items: AsyncIterable<T>, max = SHOWN_MAX): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) {
    all.push(item);
    if (all.length >= max) break;
  }
  return all;
}

/** The projects whose names begin so; deleted ones only where they are asked for. */
export const projectsQuery = (namePrefix: string, state: ProjectJson["state"] | null) =>
  queryOptions({
    queryKey: ["projects", namePrefix, state],
    queryFn: ({ signal }) =>
      taken(
        api.projects.all({
          signal,
          ...(namePrefix === "" ? {} : { namePrefix }),
          ...(state === null ? {} : { state }),
        }),
      ),
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
  });

/** The deletions that can still be undone, by the project's uid. */
export const trashQuery = queryOptions({
  queryKey: ["deletions", "trash"],
  queryFn: async ({ signal }): Promise<ReadonlyMap<string, DeletionJson>> => {
    const all = await taken(api.deletions.all({ state: "trashed", signal }));
    return new Map(all.map((deletion) => [deletion.projectUid, deletion]));
  },
  refetchInterval: 10_000,
});

export const projectQuery = (id: string) =>
  queryOptions({
    queryKey: ["project", id],
    queryFn: ({ signal }) => api.projects.get(id, { signal }),
    refetchInterval: 10_000,
  });

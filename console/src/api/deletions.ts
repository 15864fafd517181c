import { keepPreviousData, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import type { DeletionJson } from "expunge/client";
import { useEffect, useState } from "react";
import { api, live } from "./client.ts";
import { taken } from "./projects.ts";

const LISTED_MAX = 2000;
const AGAIN_MS = 1500;

export const deletionsQuery = (state: DeletionJson["state"] | null, projectId: string) =>
  queryOptions({
    queryKey: ["deletions", state, projectId],
    queryFn: ({ signal }) =>
      taken(
        api.deletions.all({
          signal,
          ...(state === null ? {} : { state }),
          ...(projectId === "" ? {} : { projectId }),
        }),
        LISTED_MAX,
      ),
    refetchInterval: 5000,
    placeholderData: keepPreviousData,
  });

export const deletionQuery = (id: string) =>
  queryOptions({
    queryKey: ["deletion", id],
    queryFn: ({ signal }) => api.deletions.get(id, { signal }),
  });

/** When a state of affairs was seen, for the rate. */
export interface Sighting {
  readonly atMs: number;
  readonly handled: number;
}

export interface FollowedDeletion {
  readonly deletion: DeletionJson | undefined;
  readonly error: unknown;
  /** Whether the service answers just now; what is shown is what it said last. */
  readonly isLive: boolean;
  readonly sightings: readonly Sighting[];
}

/** How much of it is dealt with. */
export function handledOf({ surfaces }: DeletionJson): number {
  return surfaces.reduce((sum, { deleted, absent }) => sum + deleted + absent, 0);
}

export function foundOf({ surfaces }: DeletionJson): number {
  return surfaces.reduce((sum, { found, absent }) => sum + found + absent, 0);
}

/** A deletion and every change of it, over reloads of the page and restarts of the service. */
export function useDeletion(id: string): FollowedDeletion {
  const queryClient = useQueryClient();
  const { data: deletion, error } = useQuery(deletionQuery(id));
  const [isLive, setLive] = useState(true);
  const [sightings, setSightings] = useState<readonly Sighting[]>([]);
  const isOver = deletion?.state === "completed" || deletion?.state === "restored";
  const isRead = deletion !== undefined;
  useEffect(() => {
    if (isOver || !isRead) return;
    const leaving = new AbortController();
    const { signal } = leaving;
    const follow = async (): Promise<void> => {
      while (!signal.aborted) {
        try {
          for await (const event of live.deletions.follow(id, { signal })) {
            setLive(true);
            queryClient.setQueryData(deletionQuery(id).queryKey, event.deletion);
            const seen = { atMs: Date.now(), handled: handledOf(event.deletion) };
            setSightings((before) => [...before.slice(-19), seen]);
          }
          return;
        } catch {
          // Not lost: the page says that nobody answers, and asks on until somebody does.
          if (signal.aborted) return;
          setLive(false);
          await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
        }
      }
    };
    void follow();
    return () => leaving.abort();
  }, [id, isOver, isRead, queryClient]);
  return { deletion, error: deletion ? null : error, isLive, sightings };
}

import { queryOptions, useQuery } from "@tanstack/react-query";
import type { SessionJson } from "expunge/client";
import { api } from "./client.ts";
import { isSignedOut } from "./queries.ts";

const START = "#code=";

/** The code of a one-time link. It stands behind the '#', and is gone from the address at once. */
export function takeCode(): string | null {
  const { hash, pathname } = globalThis.location;
  if (!hash.startsWith(START)) return null;
  globalThis.history.replaceState(null, "", pathname);
  return decodeURIComponent(hash.slice(START.length));
}

/** What somebody pasted: a whole link, or the code alone. */
export function codeIn(text: string): string {
  const at = text.indexOf(START);
  return at === -1 ? text.trim() : text.slice(at + START.length).trim();
}

/** Who is signed in; null for nobody. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  staleTime: 60_000,
  queryFn: async ({ signal }): Promise<SessionJson | null> => {
    try {
      return await api.sessions.current({ signal });
    } catch (error) {
      if (isSignedOut(error)) return null;
      throw error;
    }
  },
});

export interface Rights {
  readonly isAdmin: boolean;
  readonly mayWrite: boolean;
  readonly mayDelete: boolean;
}

/** What whoever is signed in may do; the service decides, this only hides what it would refuse. */
export function useRights(): Rights {
  const { data } = useQuery(sessionQuery);
  const has = (right: SessionJson["rights"][number]): boolean =>
    data?.rights.includes(right) ?? false;
  const isAdmin = has("admin");
  return {
    isAdmin,
    mayWrite: isAdmin || has("projects:write"),
    mayDelete: isAdmin || has("projects:delete"),
  };
}

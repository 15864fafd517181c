import { QueryCache, QueryClient } from "@tanstack/react-query";
import { isExpungeClientError } from "expunge/client";

/** Whether the session is over, and signing in again is what helps. */
export function isSignedOut(error: unknown): boolean {
  return isExpungeClientError(error) && error.status === 401;
}

/** What was read of the service. The client repeats what may be repeated, so nothing is here. */
export const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      if (!isSignedOut(error) || query.queryKey[0] === "session") return;
      void queries.invalidateQueries({ queryKey: ["session"] });
    },
  }),
  defaultOptions: { queries: { retry: false, staleTime: 5000 } },
});

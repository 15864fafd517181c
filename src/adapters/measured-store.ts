import { StoreError } from "../core/store-errors.ts";
import { aroundStore } from "../ports/around-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { ObjectStore, RemoveResult } from "../ports/object-store.ts";

/** Counts every attempt at a call and what a removal said of each key. Belongs inside the retries. */
export function measuredStore(
  store: ObjectStore,
  { metrics, clock }: { readonly metrics: Metrics; readonly clock: Clock },
): ObjectStore {
  return aroundStore(store, async ({ call }, run) => {
    const startedAt = clock.now();
    try {
      const answer = await run();
      metrics.storeCall(call, "ok", clock.now() - startedAt);
      if (call === "remove" || call === "removeVersions") countOutcomes(metrics, answer);
      return answer;
    } catch (error) {
      const result = error instanceof StoreError ? error.code : "error";
      metrics.storeCall(call, result, clock.now() - startedAt);
      throw error;
    }
  });
}

function countOutcomes(metrics: Metrics, answer: unknown): void {
  if (!Array.isArray(answer)) return;
  const counts = new Map<RemoveResult["result"], number>();
  for (const { result } of answer as readonly RemoveResult[]) {
    counts.set(result, (counts.get(result) ?? 0) + 1);
  }
  for (const [result, count] of counts) metrics.keysRemoved(result, count);
}

import { aroundStore } from "../ports/around-store.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { Tracing } from "../ports/tracing.ts";

/** Every attempt at a call as a span. Belongs inside the retries, as the metrics do. */
export function tracedStore(store: ObjectStore, tracing: Tracing): ObjectStore {
  return aroundStore(store, ({ call }, run) => tracing.span(`store ${call}`, {}, run));
}

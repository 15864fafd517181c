import type { MetadataStore } from "../../src/ports/metadata/index.ts";
import type { Ground } from "./model.ts";

/** What only the worker of the newest claim may do to a deletion. */
const CLAIMED: ReadonlySet<string> = new Set<keyof MetadataStore>([
  "advance",
  "recordTombstone",
  "settleForFence",
  "recordFence",
  "recordPage",
  "recordAbsent",
  "recordProgress",
  "recordEvidence",
  "retractEntry",
  "replaceResidue",
  "setBlocked",
  "recordCdnTargets",
  "acceptCdnTargets",
  "dropCdnTargets",
  "eraseRows",
  "completeDeletion",
]);

type ClaimedCall = (id: string, token: number, ...rest: unknown[]) => Promise<unknown>;

/** The database with a checker at every write of a worker: none of an older claim takes effect (I5). */
export function checkedClaims(
  store: MetadataStore,
  { metadata, violations }: Ground,
): MetadataStore {
  return new Proxy(store, {
    get(original, name) {
      const value: unknown = Reflect.get(original, name);
      if (typeof name !== "string" || !CLAIMED.has(name)) return value;
      const call = value as ClaimedCall;
      return async (id: string, token: number, ...rest: unknown[]): Promise<unknown> => {
        const newest = metadata.view().rows.deletions.get(id)?.token;
        const done = await call(id, token, ...rest);
        if (newest !== token) {
          violations.add("I5", `${name} of ${id} took effect by claim ${token}, not ${newest}`);
        }
        return done;
      };
    },
  });
}

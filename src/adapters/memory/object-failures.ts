import type { ResidueOutcome } from "../../core/model.ts";
import type { StoreError, StoreErrorCode } from "../../core/store-errors.ts";
import type { ObjectStoreCall } from "../../ports/around-store.ts";

/** Why a key was not removed. */
export interface RemoveRefusal {
  readonly result: ResidueOutcome;
  readonly retryable: boolean;
  readonly code: StoreErrorCode;
  readonly message: string;
}

/** How the store fails; both may be set at any time, null for "not at all". */
export interface MemoryFailures {
  /** Refuses single keys of a removal, or single versions. */
  refuse: ((key: string, versionId?: string) => RemoveRefusal | null) | null;
  /** Fails a whole call before it has any effect. @param key the prefix, or the first key of several */
  fail: ((call: ObjectStoreCall, key: string) => StoreError | null) | null;
}

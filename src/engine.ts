/**
 * The deletion engine alone, for applications that keep their own tables. Nothing in here needs Node: it
 * runs wherever there is Web Crypto, also in Workers.
 */
import { limitedStore } from "./adapters/limited-store.ts";
import type { R2Bucket } from "./adapters/r2-binding/bucket.ts";
import { R2BindingObjectStore } from "./adapters/r2-binding/object-store.ts";
import { retryingStore } from "./adapters/retrying-store.ts";
import { silentLog } from "./adapters/silent-log.ts";
import { SystemClock } from "./adapters/system-clock.ts";
import { SystemRandom } from "./adapters/system-random.ts";
import { LIMITS } from "./core/limits.ts";
import type { ObjectStore } from "./ports/object-store.ts";
import { DeletionEngine } from "./services/engine/engine.ts";
import type { DeletionEngineOptions } from "./services/engine/options.ts";

/**
 * An engine that deletes the objects of an application's projects, each with the proof that nothing is
 * left: by the application's own tracked keys, and by the layouts that it declares. Each call of the store
 * is repeated where it fails in a passing way.
 * @throws ExpungeError `invalid-layout`; `ambiguous-layouts` where one key would belong to two projects;
 * `invalid-config` for the form of ids
 */
export function createDeletionEngine(options: DeletionEngineOptions): DeletionEngine {
  const ports = { clock: new SystemClock(), random: new SystemRandom() };
  const store = retryingStore(options.store, ports);
  return new DeletionEngine({ ...options, store }, { ...ports, log: options.log ?? silentLog });
}

/**
 * A bucket of R2 by the binding of a Worker. Incomplete uploads cannot be listed there, so a deletion does
 * not look for them, and a receipt says so.
 * @param bucket `env.BUCKET`
 * @param name the bucket's name, which receipts name
 */
export function openR2BindingStore(bucket: R2Bucket, name: string): ObjectStore {
  return limitedStore(new R2BindingObjectStore(bucket, name), LIMITS.r2BindingCallsInFlight);
}

export type { R2Bucket } from "./adapters/r2-binding/bucket.ts";
export { ERRORS, type ErrorCode, ExpungeError, isExpungeError } from "./core/errors.ts";
export type { LayoutDefinition } from "./core/layouts/index.ts";
export type { CdnErrorCode } from "./core/cdn.ts";
export type { Outcome, Residue, Surface, SurfaceCounts } from "./core/model.ts";
export { isStoreError, StoreError, type StoreErrorCode } from "./core/store-errors.ts";
export type { Log, LogFields } from "./ports/log.ts";
export type { ObjectStore } from "./ports/object-store.ts";
export type { PublicKey, Signer } from "./ports/signer.ts";
export { type DeletionEngine, EngineError } from "./services/engine/engine.ts";
export type {
  DeletionEngineOptions,
  EngineCall,
  EngineDeleteCall,
  EngineDeletion,
  EngineProgress,
} from "./services/engine/options.ts";
export type { KeyOutcome } from "./services/engine/run-log.ts";
export type { Plan, PlanSurface } from "./services/plan.ts";

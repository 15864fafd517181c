/**
 * The deletion engine alone, for applications that keep their own tables. Nothing in here needs Node: it
 * runs wherever there is Web Crypto, also in Workers.
 */
import { retryingStore } from "./adapters/retrying-store.ts";
import { silentLog } from "./adapters/silent-log.ts";
import { SystemClock } from "./adapters/system-clock.ts";
import { SystemRandom } from "./adapters/system-random.ts";
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

export { ERRORS, type ErrorCode, ExpungeError, isExpungeError } from "./core/errors.ts";
export type { LayoutDefinition } from "./core/layouts/index.ts";
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

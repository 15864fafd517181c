import { STORE_REMEDIES } from "../../core/store-remedies.ts";
import type { StoreContext } from "../removing.ts";
import { type Check, type Look, look, passed, Unexpected } from "./checks.ts";
import { StoreManners } from "./manners.ts";
import { namingDenied } from "./rights.ts";
import { StoreExamination } from "./examination.ts";

const REMEDY = "The store does not do what expunge relies on: look at docs/stores.md.";

const UPLOADS_REMEDY =
  "Use a store that lists incomplete uploads, or declare that it does not: EXPUNGE_S3_WITHOUT=multipart-listing (docs/stores.md).";

const ORDER_REMEDY =
  "Use a store that lists keys in the order of their UTF-8 bytes, as S3 does: the look at single keys relies on it.";
const KEY_FORM_REMEDY =
  "Use a store that keeps keys as they are, or set up as R2 one that normalises them: keys that it shows must be keys that it takes.";
const RACE_REMEDY =
  "Use another store or version of it: an object that appears once its abort was answered cannot be fenced.";
const VERSIONS_REMEDY =
  "Give the access key the right to list versions (docs/stores.md), or suspend versioning before the first object.";

/**
 * Proves on the real store each call that expunge needs. What it made is removed again, also when it
 * is told to stop.
 */
export async function examineStore(
  context: StoreContext,
  signal?: AbortSignal,
): Promise<readonly Check[]> {
  const named = { ...context, store: namingDenied(context.store) };
  const run = new StoreExamination(named);
  const manners = new StoreManners(named, run.prefix);
  const reached = await look("store-reachable", REMEDY, () => run.reach());
  if (reached.ok !== true) return [reached];
  const checks = [reached];
  const steps: readonly (readonly [string, Look, string?])[] = [
    ["store-write", () => run.write()],
    ["store-clock", () => run.clock(), STORE_REMEDIES["clock-skew"]],
    ["store-read", () => run.read()],
    ["store-list", () => run.list()],
    ["store-multipart", () => run.multipart()],
    ["store-order", () => manners.order(), ORDER_REMEDY],
    ["store-key-form", () => manners.keyForm(), KEY_FORM_REMEDY],
    ["store-abort-race", () => manners.abortRace(), RACE_REMEDY],
    ["store-delete", () => run.remove()],
    ["store-uploads-listing", () => run.uploadsListing(), UPLOADS_REMEDY],
    ["store-checksum", () => manners.checksum()],
    ["store-versions", () => run.versions(), VERSIONS_REMEDY],
    ["store-lock", () => run.lock()],
  ];
  for (const [name, take, remedy = REMEDY] of steps) {
    if (signal?.aborted) break;
    const check = await look(name, remedy, take);
    checks.push(check);
    // Without an object of its own there is nothing to look at.
    if (name === "store-write" && check.ok !== true) break;
  }
  checks.push(
    await look("store-left-clean", REMEDY, async () => {
      const [first] = [...(await manners.cleanUp()), ...(await run.cleanUp())];
      if (first !== undefined) throw new Unexpected(first);
      return passed(`nothing is left below ${run.prefix}`);
    }),
  );
  return checks;
}

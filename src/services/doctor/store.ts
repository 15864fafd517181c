import type { StoreContext } from "../removing.ts";
import { type Check, type Look, look, passed, Unexpected } from "./checks.ts";
import { StoreExamination } from "./examination.ts";

const REMEDY = "The store does not do what expunge relies on: look at docs/stores.md.";

const UPLOADS_REMEDY =
  "Use a store that lists incomplete uploads, or declare that it does not: EXPUNGE_S3_WITHOUT=multipart-listing (docs/stores.md).";

/**
 * Proves on the real store each call that expunge needs. What it made is removed again, also when it
 * is told to stop.
 */
export async function examineStore(
  context: StoreContext,
  signal?: AbortSignal,
): Promise<readonly Check[]> {
  const run = new StoreExamination(context);
  const reached = await look("store-reachable", REMEDY, () => run.reach());
  if (reached.ok !== true) return [reached];
  const checks = [reached];
  const steps: readonly (readonly [string, Look, string?])[] = [
    ["store-write", () => run.write()],
    ["store-read", () => run.read()],
    ["store-list", () => run.list()],
    ["store-multipart", () => run.multipart()],
    ["store-delete", () => run.remove()],
    ["store-uploads-listing", () => run.uploadsListing(), UPLOADS_REMEDY],
    ["store-versions", () => run.versions()],
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
      const [first] = await run.cleanUp();
      if (first !== undefined) throw new Unexpected(first);
      return passed(`nothing is left below ${run.prefix}`);
    }),
  );
  return checks;
}

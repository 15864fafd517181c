import { ExpungeError, messageOf } from "../../core/errors.ts";
import { StoreError } from "../../core/store-errors.ts";
import { STORE_REMEDIES } from "../../core/store-remedies.ts";
import type { StoreIdentity } from "../../ports/object-store.ts";
import { removeKeys, type StoreContext } from "../removing.ts";
import { Unexpected } from "./checks.ts";
import { StoreExamination } from "./examination.ts";

/**
 * The short form, at every start: reaches the store, and makes, lists and removes two small objects.
 * @returns what deletions will be blocked by, though the service can run: versions that may not be
 * listed or removed, a lock on every new object
 * @throws ExpungeError `store-unavailable` where it is not reached, `store-unusable` where it refuses
 * what expunge needs: one sentence that says what, and what to do
 */
export async function tryStore(context: StoreContext): Promise<readonly string[]> {
  const run = new StoreExamination(context);
  const attempt = async (step: string, take: () => Promise<unknown>): Promise<void> => {
    try {
      await take();
    } catch (error) {
      throw storeTrouble(context.store.identity, step, error);
    }
  };
  let warnings: readonly string[] = [];
  await attempt("be listed", () => run.reach());
  try {
    await attempt("be written", () => run.write());
    await attempt("show what was written", () => run.list());
    await attempt("let go of an object", () => removeOne(context, run));
  } finally {
    warnings = await run.cleanUp();
  }
  return warnings;
}

/** As a deletion would, where no versions are kept; where some are, this only hides. */
async function removeOne(context: StoreContext, run: StoreExamination): Promise<void> {
  const { refused } = await removeKeys(context, [`${run.prefix}one`]);
  const [first] = refused;
  if (first) throw new StoreError(first.code, "blocked", first.message);
  if ((await run.listed()).includes(`${run.prefix}one`)) {
    throw new Unexpected("a listing still shows what was just removed.");
  }
}

function storeTrouble(
  { kind, bucket, prefix }: StoreIdentity,
  step: string,
  error: unknown,
): ExpungeError {
  const name = kind === "s3" ? `s3://${bucket}/${prefix}` : bucket;
  const message = `The store ${name} cannot ${step}: ${messageOf(error)}`;
  if (!(error instanceof StoreError)) {
    return new ExpungeError("store-unusable", message, { cause: error });
  }
  const code = error.errorClass === "retryable" ? "store-unavailable" : "store-unusable";
  const details = { storeCode: error.code };
  return new ExpungeError(code, message, {
    cause: error,
    details,
    remedy: STORE_REMEDIES[error.code],
  });
}

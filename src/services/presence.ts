import { isStoreError } from "../core/store-errors.ts";
import type { Context } from "./context.ts";

type StoreContext = Pick<Context, "store">;

/** Whether the store has an object under this very key. @throws StoreError where it does not say */
export async function isObjectThere(
  { store }: StoreContext,
  key: string,
  signal?: AbortSignal,
): Promise<boolean> {
  return await isFound(store.head(key, signal), "no-such-key");
}

/** Whether the store still takes parts of an upload. @throws StoreError where it does not say */
export async function isUploadOpen(
  { store }: StoreContext,
  key: string,
  storeUploadId: string,
  signal?: AbortSignal,
): Promise<boolean> {
  return await isFound(store.listParts(key, storeUploadId, signal), "no-such-upload");
}

/** A look as above, with null where the store does not say. @throws where the signal is aborted */
export async function orUnknown(
  look: Promise<boolean>,
  signal: AbortSignal | undefined,
): Promise<boolean | null> {
  try {
    return await look;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    signal?.throwIfAborted();
    return null;
  }
}

async function isFound(
  look: Promise<unknown>,
  absent: "no-such-key" | "no-such-upload",
): Promise<boolean> {
  try {
    await look;
    return true;
  } catch (error) {
    if (isStoreError(error, absent)) return false;
    throw error;
  }
}

/**
 * Which store the rows belong to, by an id that lies in the store itself: on another one every object
 * would count as absent, and a deletion as done.
 */
export interface StoreBinding {
  /** Null before the first binding. */
  boundStore(): Promise<string | null>;
  /**
   * Binds to the store of this id and answers the id that is bound: an earlier one stays, also where
   * two processes bind at once, unless it is to be replaced. Idempotent.
   */
  bindStore(storeId: string, replace: boolean): Promise<string>;
}

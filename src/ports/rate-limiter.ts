/** Where a key stands in its window after one more request. */
export interface Taken {
  readonly isAllowed: boolean;
  /** Requests of a whole window. */
  readonly limit: number;
  readonly remaining: number;
  readonly windowSeconds: number;
  /** Until the window ends and all is allowed again. */
  readonly resetSeconds: number;
}

/** Counts requests in windows, each key for itself, in this process. */
export interface RateLimiter {
  /** Counts one request, also one that is not allowed. */
  take(key: string): Promise<Taken>;
}

/**
 * Failures within this adapter that are not the store's own words. They travel through the SDK and are
 * taken for what they are at its edge, in errors.ts.
 */

/** The reply is none of S3's, or contradicts itself: nothing can be concluded from it. */
export class BrokenReply extends Error {
  override readonly name = "BrokenReply" as const;
  readonly status: number | null;

  constructor(why: string, status: number | null = null) {
    super(why);
    this.status = status;
  }
}

/** Nothing came within the time allowed. */
export class TimedOut extends Error {
  override readonly name = "TimedOut" as const;

  constructor(waitedFor: string, timeoutMs: number) {
    super(`${waitedFor} for ${timeoutMs} ms`);
  }
}

/** What the caller gave has failed, not the store: its body. Unwrapped before anybody sees it. */
export class ForeignFailure extends Error {
  override readonly name = "ForeignFailure" as const;

  constructor(cause: unknown) {
    super("what the caller gave has failed", { cause });
  }
}

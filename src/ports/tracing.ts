/** Facts of a span. Never a file path, a key, a secret or a signed URL (R7). */
export type SpanFacts = Readonly<Record<string, string | number | boolean>>;

export interface RequestSpan {
  /** Goes on with the request as a part of the span. */
  run(next: () => void): void;
  /** Once, when the request was answered. */
  end(facts: SpanFacts, failed: boolean): void;
}

/**
 * Tells what the service does as spans of traces. It never fails what it looks at, and never keeps it
 * waiting. Work inside a span makes its own spans children of it.
 */
export interface Tracing {
  /** The work, as a span that is marked as failed when the work throws. */
  span<T>(name: string, facts: SpanFacts, work: () => Promise<T>): Promise<T>;
  /**
   * The span of an HTTP request, a child of the caller's where the headers name one
   * (W3C Trace Context, section 3.2).
   */
  request(headers: Readonly<Record<string, unknown>>, name: string, facts: SpanFacts): RequestSpan;
  /** Sends what was not sent yet; bounded in time. */
  close(): Promise<void>;
}

/** Tells nobody anything. */
export const NO_TRACING: Tracing = {
  span: (_name, _facts, work) => work(),
  request: () => ({ run: (next) => next(), end: () => undefined }),
  close: () => Promise.resolve(),
};

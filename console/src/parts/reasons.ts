import { isExpungeClientError } from "expunge/client";

/** Why something failed and what to do, in words for whoever looks at the page. */
export interface Reason {
  readonly message: string;
  /** Empty where nothing is known to help. */
  readonly remedy: string;
}

export function reasonOf(error: unknown): Reason {
  if (!(error instanceof Error)) return { message: "The reason is not known.", remedy: "" };
  const { message } = error;
  if (!isExpungeClientError(error)) return { message, remedy: "" };
  const { remedy, details } = error;
  if (error.code !== "service-unreachable") return { message, remedy };
  const here = globalThis.location.origin;
  const there = details["url"];
  if (typeof there === "string" && there !== here) {
    return {
      message: `The store at ${there} cannot be reached from this page.`,
      remedy: `If it is up, its CORS rules must let pages of ${here} send parts: docs/uploads.md says how.`,
    };
  }
  return {
    message: "The service cannot be reached just now.",
    remedy: "Try again in a moment. If it stays so, tell whoever runs the service.",
  };
}

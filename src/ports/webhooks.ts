import type { WebhookEventType } from "../core/webhooks.ts";

/** Who is told of events, as the configuration names it. */
export interface WebhookEndpoint {
  readonly id: string;
  /** What of the URL may be shown: a path is often a password. */
  readonly shownUrl: string;
  readonly events: readonly WebhookEventType[];
}

/** What became of one attempt. `gone`: the endpoint wants no more messages (410). */
export type WebhookAnswer =
  | { readonly result: "delivered"; readonly status: number }
  | { readonly result: "gone" | "failed"; readonly code: string; readonly message: string };

/**
 * Sends messages to endpoints. Obligations:
 * - one call is one attempt; it ends within a bound, and every failure is an answer, never thrown,
 *   unless the signal aborts
 * - neither codes nor messages of answers hold any part of the URL's path or of the answer's body
 * - an address that only this machine or its network can reach is not dialled, whatever the name
 *   resolved to before, unless that is allowed
 */
export interface WebhookSender {
  readonly endpoints: readonly WebhookEndpoint[];
  /** @param message its id is the same for every attempt */
  send(
    endpointId: string,
    message: { readonly id: string; readonly body: string },
    signal?: AbortSignal,
  ): Promise<WebhookAnswer>;
}

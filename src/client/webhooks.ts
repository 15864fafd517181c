import type { WebhookListJson, WebhookRetryJson, WebhookTestJson } from "../http/schema/index.ts";
import { segment } from "./addresses.ts";
import type { CallOptions, Transport } from "./transport.ts";

/** The configured webhooks and how they fare, for admins. */
export class Webhooks {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** All of them: there are as many as the config file names. */
  async list(options: CallOptions = {}): Promise<WebhookListJson["items"]> {
    const call = { ...options, path: "/v1/webhooks" };
    return (await this.#transport.json<WebhookListJson>(call)).items;
  }

  /**
   * Sends a message of the type `webhook.test` at once. Not repeated by itself.
   * @throws ExpungeClientError `webhook-not-found`
   */
  async test(id: string, options: CallOptions = {}): Promise<WebhookTestJson> {
    const path = `/v1/webhooks/${segment(id)}/test`;
    return await this.#transport.json({ ...options, method: "POST", path });
  }

  /** Has the messages that were given up tried again. @throws ExpungeClientError `webhook-not-found` */
  async retry(id: string, options: CallOptions = {}): Promise<WebhookRetryJson> {
    const path = `/v1/webhooks/${segment(id)}/retry`;
    return await this.#transport.json({ ...options, method: "POST", path, isIdempotent: true });
  }
}

import { type Caller, requireRight } from "../core/caller.ts";
import { ExpungeError } from "../core/errors.ts";
import { makeUid } from "../core/ids.ts";
import { LIMITS } from "../core/limits.ts";
import { webhookBody, webhookRetryMs } from "../core/webhooks.ts";
import type { WebhookDelivery, WebhookState } from "../ports/metadata/index.ts";
import type { WebhookAnswer, WebhookEndpoint } from "../ports/webhooks.ts";
import type { Context } from "./context.ts";

export interface WebhookView extends WebhookEndpoint, Omit<WebhookState, "id"> {}

/** What an operator sees of webhooks and does about them. */
export class Webhooks {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** The configured endpoints, in the order of the configuration. @throws ExpungeError `forbidden` */
  async list(caller: Caller): Promise<readonly WebhookView[]> {
    requireRight(caller, "admin");
    const states = new Map(
      (await this.#context.metadata.listWebhooks()).map((state) => [state.id, state]),
    );
    return this.#context.webhooks.endpoints.map((endpoint) => {
      const none = { disabledAt: null, pending: 0, failed: 0, lastError: null };
      return { ...none, ...states.get(endpoint.id), ...endpoint };
    });
  }

  /**
   * Sends a message of the type `webhook.test` at once and answers what became of it. It is not
   * repeated and leaves no trace. @throws ExpungeError `webhook-not-found`, `forbidden`
   */
  async test(caller: Caller, id: string, signal?: AbortSignal): Promise<WebhookAnswer> {
    this.#endpoint(caller, id);
    const { metadata, random, clock, webhooks } = this.#context;
    const at = await metadata.now();
    const messageId = `msg_${makeUid(clock.now(), random.bytes(10))}`;
    const body = webhookBody({ type: "webhook.test", at, data: { webhookId: id } });
    return await webhooks.send(id, { id: messageId, body }, signal);
  }

  /** Tries again what was given up. @throws ExpungeError `webhook-not-found`, `forbidden` */
  async retry(caller: Caller, id: string): Promise<number> {
    this.#endpoint(caller, id);
    const { metadata, jobs } = this.#context;
    const retried = await metadata.retryDeliveries(id);
    if (retried > 0) await jobs.enqueue("webhooks", { webhookId: id }, { key: id });
    return retried;
  }

  #endpoint(caller: Caller, id: string): void {
    requireRight(caller, "admin");
    if (this.#context.webhooks.endpoints.some((endpoint) => endpoint.id === id)) return;
    throw new ExpungeError("webhook-not-found", "No such webhook is configured.");
  }
}

/**
 * The `webhooks` job: sends what is due to one endpoint. It ends at the first batch in which something
 * failed, so that an endpoint that is away does not keep others waiting; what is left is found again.
 */
export async function deliverWebhooks(
  context: Context,
  webhookId: string,
  signal: AbortSignal,
): Promise<void> {
  for (let batch = 0; batch < LIMITS.webhookBatchesMax; batch++) {
    signal.throwIfAborted();
    const deliveries = await context.metadata.claimDeliveries(
      webhookId,
      LIMITS.webhookBatch,
      LIMITS.webhookLeaseMs,
    );
    const delivered = await Promise.all(deliveries.map((one) => deliver(context, one, signal)));
    if (deliveries.length === 0 || delivered.includes(false)) return;
  }
}

async function deliver(
  context: Context,
  delivery: WebhookDelivery,
  signal: AbortSignal,
): Promise<boolean> {
  const { metadata, webhooks, log, random } = context;
  const { id, webhookId, attempts } = delivery;
  const answer = await webhooks.send(webhookId, { id, body: webhookBody(delivery) }, signal);
  const fields = { webhookId, messageId: id, type: delivery.type, attempts };
  if (answer.result === "delivered") {
    await metadata.finishDelivery(id);
    log.debug({ ...fields, status: answer.status }, "webhook delivered");
    return true;
  }
  const { code, message } = answer;
  const retryInMs = webhookRetryMs(attempts, random.bytes(1));
  await metadata.postponeDelivery(id, { code, message }, retryInMs);
  if (answer.result === "gone") {
    await metadata.disableWebhook(webhookId, { code, message });
    log.error(
      fields,
      "the webhook's endpoint is gone (410): nothing is sent to it until a restart",
    );
  } else if (retryInMs === null) {
    log.error({ ...fields, code, reason: message }, "webhook given up; it can be retried by hand");
  } else log.warn({ ...fields, code, reason: message, retryInMs }, "webhook not delivered");
  return false;
}

/** Wakes a worker for each endpoint of this process with messages that are due; forgets old ones. */
export async function wakeWebhooks({ metadata, jobs, webhooks, log }: Context): Promise<void> {
  if (webhooks.endpoints.length === 0) return;
  for (const webhookId of await metadata.dueWebhooks()) {
    if (!webhooks.endpoints.some(({ id }) => id === webhookId)) continue;
    await jobs.enqueue("webhooks", { webhookId }, { key: webhookId });
  }
  const { webhookKeepMs, webhookForgetItems } = LIMITS;
  const forgotten = await metadata.forgetDeliveries(webhookKeepMs, webhookForgetItems);
  if (forgotten > 0) log.error({ messages: forgotten }, "webhook messages too old; forgotten");
}

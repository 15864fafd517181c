import { timestamp } from "../../core/receipt.ts";
import type { WebhookView } from "../../services/webhooks.ts";
import { callerOf } from "../auth.ts";
import type { App, RouteDeps } from "../deps.ts";
import { schemaOf } from "../operation.ts";
import { noQuery } from "../schema/common.ts";
import {
  type WebhookListJson,
  webhookListSchema,
  webhookParams,
  type WebhookRetryJson,
  webhookRetrySchema,
  type WebhookTestJson,
  webhookTestSchema,
} from "../schema/webhook.ts";

export function addWebhookRoutes(app: App, deps: RouteDeps): void {
  const { webhooks } = deps.services;
  app.route({
    method: "GET",
    url: "/v1/webhooks",
    schema: schemaOf({
      operationId: "listWebhooks",
      summary: "List the configured webhooks and how they fare",
      description: "Of a URL the path is not shown: it is often a password.",
      tag: "webhooks",
      querystring: noQuery,
      answers: { 200: { description: "All of them", json: webhookListSchema } },
      errors: [],
    }),
    handler: async (request): Promise<WebhookListJson> => ({
      items: (await webhooks.list(callerOf(request))).map(webhookView),
    }),
  });
  app.route({
    method: "POST",
    url: "/v1/webhooks/:webhookId/test",
    schema: schemaOf({
      operationId: "testWebhook",
      summary: "Send a message of the type `webhook.test` at once",
      tag: "webhooks",
      params: webhookParams,
      querystring: noQuery,
      answers: { 200: { description: "What became of it", json: webhookTestSchema } },
      errors: ["webhook-not-found"],
    }),
    handler: async (request): Promise<WebhookTestJson> => {
      const answer = await webhooks.test(callerOf(request), request.params.webhookId, deps.closing);
      if (answer.result === "delivered") return { outcome: "delivered", code: null, message: null };
      const { code, message } = answer;
      return { outcome: "failed", code, message };
    },
  });
  app.route({
    method: "POST",
    url: "/v1/webhooks/:webhookId/retry",
    schema: schemaOf({
      operationId: "retryWebhook",
      summary: "Try the messages again that were given up",
      tag: "webhooks",
      params: webhookParams,
      querystring: noQuery,
      answers: { 202: { description: "How many", json: webhookRetrySchema } },
      errors: ["webhook-not-found"],
    }),
    handler: async (request, reply): Promise<WebhookRetryJson> => {
      const retried = await webhooks.retry(callerOf(request), request.params.webhookId);
      reply.code(202);
      return { retried };
    },
  });
}

function webhookView(view: WebhookView): WebhookListJson["items"][number] {
  const { id, shownUrl, events, disabledAt, pending, failed, lastError } = view;
  return {
    id,
    url: shownUrl,
    events: [...events],
    state: disabledAt === null ? "active" : "disabled",
    disabledAt: disabledAt === null ? null : timestamp(disabledAt),
    pending,
    failed,
    lastError: lastError && { ...lastError, at: timestamp(lastError.at) },
  };
}

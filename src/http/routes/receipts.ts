import { callerOf } from "../auth.ts";
import type { App, RouteDeps } from "../deps.ts";
import { schemaOf } from "../operation.ts";
import { noQuery } from "../schema/common.ts";
import { type ReceiptJson, receiptParams, receiptSchema } from "../schema/receipt.ts";
import { receiptView } from "../views.ts";

export function addReceiptRoutes(app: App, deps: RouteDeps): void {
  app.route({
    method: "GET",
    url: "/v1/receipts/:projectUid",
    schema: schemaOf({
      operationId: "getReceipt",
      summary: "Read the signed receipt of a deleted project",
      tag: "receipts",
      params: receiptParams,
      querystring: noQuery,
      answers: { 200: { description: "The receipt as a JWS, and read", json: receiptSchema } },
      errors: ["receipt-not-found"],
    }),
    handler: async (request): Promise<ReceiptJson> =>
      receiptView(await deps.services.receipts.get(callerOf(request), request.params.projectUid)),
  });
}

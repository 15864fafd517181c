import { z } from "zod";
import { countSchema, timestampSchema } from "./common.ts";

export const webhookParams = z.strictObject({ webhookId: z.string() });

const errorSchema = z.object({
  code: z.string(),
  message: z.string(),
  at: timestampSchema,
});

export const webhookListSchema = z
  .object({
    items: z.array(
      z.object({
        id: z.string(),
        url: z.string(),
        events: z.array(z.string()),
        state: z.enum(["active", "disabled"]),
        disabledAt: timestampSchema.nullable(),
        pending: countSchema,
        failed: countSchema,
        lastError: errorSchema.nullable(),
      }),
    ),
  })
  .meta({ id: "WebhookList" });
export type WebhookListJson = z.output<typeof webhookListSchema>;

export const webhookTestSchema = z
  .object({
    outcome: z.enum(["delivered", "failed"]),
    code: z.string().nullable(),
    message: z.string().nullable(),
  })
  .meta({ id: "WebhookTest" });
export type WebhookTestJson = z.output<typeof webhookTestSchema>;

export const webhookRetrySchema = z.object({ retried: countSchema }).meta({ id: "WebhookRetry" });
export type WebhookRetryJson = z.output<typeof webhookRetrySchema>;

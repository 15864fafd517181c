import { z } from "zod";
import { CDN_MODES } from "../../core/cdn.ts";
import { countSchema, timestampSchema } from "./common.ts";

export const receiptPayloadSchema = z
  .object({
    version: z.literal(1),
    sequence: countSchema,
    previous: z.string().nullable(),
    deletion: z.string(),
    project: z.object({ id: z.string(), uid: z.string() }),
    store: z.object({ kind: z.string(), bucket: z.string(), prefix: z.string() }),
    surfaces: z.array(
      z.object({
        surface: z.string(),
        guarantee: z.enum(["fenced", "emptied", "requested"]),
        found: countSchema,
        deleted: countSchema,
        absent: countSchema,
        bytes: countSchema,
      }),
    ),
    totals: z.object({ deleted: countSchema, absent: countSchema, bytes: countSchema }),
    merkle: z.object({
      algorithm: z.literal("RFC 9162 SHA-256"),
      leaves: countSchema,
      root: z.string(),
    }),
    times: z.object({
      requestedAt: timestampSchema,
      purgeStartedAt: timestampSchema,
      fencedAt: timestampSchema.nullable(),
      verifiedAt: timestampSchema,
      issuedAt: timestampSchema,
    }),
    sweeps: z.array(
      z.object({
        surface: z.string(),
        at: timestampSchema,
        pages: countSchema,
        entries: countSchema,
      }),
    ),
    capabilities: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    cdn: z
      .object({
        provider: z.string(),
        domain: z.string(),
        mode: z.enum(CDN_MODES),
        acceptedAt: timestampSchema,
      })
      .exactOptional(),
    notCovered: z.array(z.string()),
  })
  .meta({ id: "ReceiptPayload" });

export const receiptSchema = z
  .object({
    receipt: z.string(),
    payload: receiptPayloadSchema,
    amendments: z.array(z.string()),
  })
  .meta({ id: "Receipt" });
export type ReceiptJson = z.output<typeof receiptSchema>;

export const receiptParams = z.strictObject({ projectUid: z.string() });

import { z } from "zod";
import { LIMITS } from "../../core/limits.ts";
import { countSchema, failureSchema, timestampSchema } from "./common.ts";
import { residueSchema } from "./deletion.ts";

const prefix = z
  .string()
  .min(1)
  .max(LIMITS.keyBytesMax)
  .refine((text) => text.isWellFormed() && !text.includes("\0"), "is no text that a key can hold");

export const sweepBody = z.strictObject({ prefix, confirm: z.string() });
export const sweepParams = z.strictObject({ sweepId: z.string() });

export const sweepSchema = z
  .object({
    id: z.string(),
    prefix: z.string(),
    state: z.enum(["running", "swept", "residue", "refused", "failed"]),
    requestedAt: timestampSchema,
    requestedBy: z.string(),
    completedAt: timestampSchema.nullable(),
    attempts: countSchema,
    found: countSchema,
    deleted: countSchema,
    failed: countSchema,
    blocked: countSchema,
    unknown: countSchema,
    bytes: countSchema,
    verified: z.boolean(),
    residue: z.array(residueSchema),
    error: failureSchema.nullable(),
  })
  .meta({ id: "Sweep" });
export type SweepJson = z.output<typeof sweepSchema>;

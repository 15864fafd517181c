import { z } from "zod";
import { LIMITS } from "../../core/limits.ts";
import {
  booleanText,
  countSchema,
  durationText,
  numberText,
  pageQuery,
  timestampSchema,
} from "./common.ts";

export const deletionStateSchema = z.enum([
  "trashed",
  "deleting",
  "verifying",
  "completed",
  "restored",
]);

export const blockedSchema = z
  .object({
    reason: z.string(),
    code: z.string(),
    since: timestampSchema,
    nextRetryAt: timestampSchema,
  })
  .meta({ id: "Blocked" });

export const surfaceCountsSchema = z
  .object({
    surface: z.string(),
    found: countSchema,
    deleted: countSchema,
    absent: countSchema,
    failed: countSchema,
    blocked: countSchema,
    unknown: countSchema,
    bytes: countSchema,
  })
  .meta({ id: "SurfaceCounts" });

export const residueSchema = z
  .object({
    key: z.string(),
    outcome: z.enum(["failed", "blocked", "unknown"]),
    code: z.string(),
    message: z.string(),
  })
  .meta({ id: "Residue" });
export type ResidueJson = z.output<typeof residueSchema>;

export const settleSchema = z
  .object({
    at: timestampSchema,
    result: z.enum(["clean", "amended", "unknown"]),
    found: countSchema,
  })
  .meta({ id: "Settle" });

export const deletionSchema = z
  .object({
    id: z.string(),
    projectId: z.string(),
    projectUid: z.string(),
    state: deletionStateSchema,
    blocked: blockedSchema.nullable(),
    requestedAt: timestampSchema,
    requestedBy: z.string(),
    purgeAfter: timestampSchema,
    completedAt: timestampSchema.nullable(),
    attempts: countSchema,
    surfaces: z.array(surfaceCountsSchema),
    residueTotal: countSchema,
    residue: z.array(residueSchema),
    receipt: z.string().nullable(),
    settle: z.array(settleSchema),
    amendments: z.array(z.string()),
  })
  .meta({ id: "Deletion" });
export type DeletionJson = z.output<typeof deletionSchema>;

export const deletionListSchema = z
  .object({ items: z.array(deletionSchema), nextCursor: z.string().nullable() })
  .meta({ id: "DeletionList" });
export type DeletionListJson = z.output<typeof deletionListSchema>;

export const planSurfaceSchema = z
  .object({
    surface: z.string(),
    objects: countSchema,
    bytes: countSchema,
    sampleKeys: z.array(z.string()),
  })
  .meta({ id: "PlanSurface" });

export const planSchema = z
  .object({
    projectId: z.string(),
    dryRun: z.literal(true),
    objects: countSchema,
    bytes: countSchema,
    surfaces: z.array(planSurfaceSchema),
  })
  .meta({ id: "Plan" });
export type PlanJson = z.output<typeof planSchema>;

export const deleteProjectQuery = z.strictObject({
  dryRun: booleanText.exactOptional(),
  maxObjects: numberText(0, Number.MAX_SAFE_INTEGER).exactOptional(),
  grace: durationText.exactOptional(),
});

export const bulkDeleteBody = z
  .union(
    [
      z.strictObject({ ids: z.array(z.string()).min(1).max(LIMITS.bulkItemsMax) }),
      z.strictObject({ namePrefix: z.string().min(1).max(LIMITS.nameCharsMax) }),
    ],
    { error: `give 'ids', 1 to ${LIMITS.bulkItemsMax} of them, or 'namePrefix', and nothing else` },
  )
  .meta({ id: "DeleteProjects" });
export type BulkDeleteJson = z.input<typeof bulkDeleteBody>;

const refusedSchema = z.array(z.object({ id: z.string(), code: z.string() }));

export const bulkDeletionSchema = z
  .object({ deletions: z.array(deletionSchema), refused: refusedSchema, more: z.boolean() })
  .meta({ id: "BulkDeletion" });
export type BulkDeletionJson = z.output<typeof bulkDeletionSchema>;

export const bulkPlanSchema = z
  .object({
    dryRun: z.literal(true),
    plans: z.array(planSchema),
    refused: refusedSchema,
    more: z.boolean(),
  })
  .meta({ id: "BulkPlan" });
export type BulkPlanJson = z.output<typeof bulkPlanSchema>;

export const listDeletionsQuery = z.strictObject({
  ...pageQuery,
  state: deletionStateSchema.exactOptional(),
  projectId: z.string().exactOptional(),
});

export const deletionParams = z.strictObject({ id: z.string() });

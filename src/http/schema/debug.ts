import { z } from "zod";
import { booleanText, countSchema, pageQuery } from "./common.ts";
import { planSurfaceSchema } from "./deletion.ts";

export const cleanupQuery = z.strictObject({
  dryRun: booleanText.default(true),
  surface: z.string().exactOptional(),
});

export const cleanupCheckSchema = z
  .object({
    projectId: z.string(),
    isClean: z.boolean(),
    surfaces: z.array(planSurfaceSchema),
  })
  .meta({ id: "CleanupCheck" });
export type CleanupCheckJson = z.output<typeof cleanupCheckSchema>;

export const projectFilesQuery = z.strictObject(pageQuery);

export const trackedKeysSchema = z
  .object({
    items: z.array(z.object({ key: z.string(), sizeBytes: countSchema, present: z.boolean() })),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: "TrackedKeys" });
export type TrackedKeysJson = z.output<typeof trackedKeysSchema>;

export const selfTestSchema = z
  .object({
    ok: z.boolean(),
    steps: z.array(
      z.object({ step: z.string(), ok: z.boolean(), ms: z.number(), detail: z.string() }),
    ),
  })
  .meta({ id: "SelfTest" });
export type SelfTestJson = z.output<typeof selfTestSchema>;

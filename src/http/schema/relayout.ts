import { z } from "zod";
import { LIMITS } from "../../core/limits.ts";
import { RELAYOUT_ACTIONS } from "../../core/relayout.ts";
import {
  countSchema,
  failureSchema,
  pageQuery,
  runFields,
  runNoteSchema,
  runStateSchema,
} from "./common.ts";

export const createRelayoutBody = z
  .strictObject({
    dryRun: z.boolean().exactOptional(),
    projects: z
      .array(z.string().max(LIMITS.nameCharsMax))
      .max(LIMITS.relayoutProjectsMax)
      .exactOptional(),
  })
  .meta({ id: "CreateRelayout" });
export type CreateRelayoutJson = z.input<typeof createRelayoutBody>;

export const endRelayoutBody = z
  .strictObject({ dryRun: z.boolean().exactOptional() })
  .meta({ id: "EndRelayout" });
export type EndRelayoutJson = z.input<typeof endRelayoutBody>;

export const relayoutSchema = z
  .object({
    id: z.string(),
    action: z.enum(RELAYOUT_ACTIONS),
    of: z.string().nullable(),
    state: runStateSchema,
    dryRun: z.boolean(),
    projects: z.array(z.string()),
    ...runFields,
    objects: countSchema,
    bytes: countSchema,
    done: countSchema,
    doneBytes: countSchema,
    spared: countSchema,
    removed: countSchema,
    pending: countSchema,
    readBytes: countSchema,
    held: z.object({ objects: countSchema, bytes: countSchema }),
    failure: failureSchema.nullable(),
    seconds: z.number(),
  })
  .meta({ id: "Relayout" });
export type RelayoutJson = z.output<typeof relayoutSchema>;

export const relayoutListSchema = z
  .object({ items: z.array(relayoutSchema), nextCursor: z.string().nullable() })
  .meta({ id: "RelayoutList" });
export type RelayoutListJson = z.output<typeof relayoutListSchema>;

/** One line of what a relayout left as it is. */
export const relayoutSparedSchema = runNoteSchema.meta({ id: "RelayoutSpared" });
export type RelayoutSparedJson = z.output<typeof relayoutSparedSchema>;

export const relayoutParams = z.strictObject({ id: z.string() });
export const listRelayoutsQuery = z.strictObject(pageQuery);

import { z } from "zod";
import { RIGHTS } from "../../core/caller.ts";
import { DURATION_FORM, parseDuration } from "../../core/duration.ts";
import { LIMITS } from "../../core/limits.ts";
import { MEDIA_TYPE } from "../../core/media-type.ts";

/** RFC 3339, as every answer prints it: UTC with milliseconds. */
export const timestampSchema = z.iso.datetime({ offset: true });

/** A time in a request, read as milliseconds since the epoch. */
export const instantSchema = z.iso
  .datetime({ offset: true })
  .transform((text, context) => {
    const instant = Date.parse(text);
    // An offset can lead out of the years that RFC 3339 can write.
    if (/^\d{4}-/.test(new Date(instant).toISOString())) return instant;
    context.addIssue("must lie in the years 0 to 9999");
    return z.NEVER;
  })
  .meta({ type: "string", format: "date-time" });

const encoder = new TextEncoder();

export const metadataSchema = z
  .record(z.string(), z.unknown())
  .refine((value) => encoder.encode(JSON.stringify(value)).length <= LIMITS.metadataBytesMax, {
    error: `must have at most ${LIMITS.metadataBytesMax} bytes as JSON`,
  });

/** A name, an owner or a reason: what people read. */
export const nameSchema = z.string().min(1).max(LIMITS.nameCharsMax);

export const rightsSchema = z.array(z.enum(RIGHTS));

/** Until when what a body makes is kept: for so long, or until then. */
export const lifeFields = {
  ttlSeconds: z
    .int()
    .min(1)
    .max(LIMITS.lifeMaxMs / 1000)
    .exactOptional(),
  expiresAt: instantSchema.exactOptional(),
};

/** A count or size in a body. */
export const countSchema = z.int().min(0);

/** When a run was asked for and ended, by whom, and whether it looked at everything. */
export const runFields = {
  requestedAt: timestampSchema,
  requestedBy: z.string(),
  completedAt: timestampSchema.nullable(),
  complete: z.boolean(),
};

export const runStateSchema = z.enum(["running", "completed"]);

/** What a run, or a part of one, ended early by. */
export const failureSchema = z.object({ code: z.string(), message: z.string() });

/** What is noted of one object: why a run left it as it was. */
export const runNoteSchema = z.object({ key: z.string(), code: z.string(), projectId: z.string() });
export type RunNoteJson = z.output<typeof runNoteSchema>;

/** A whole number written in a query or a path: digits only, no sign, exponent or space. */
export function numberText(min: number, max: number): z.ZodType<number> {
  const range = max < Number.MAX_SAFE_INTEGER ? `${min} to ${max}` : `${min} or more`;
  return z.preprocess(
    (value) => (typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value),
    z
      .int({ error: `must be a whole number, ${range}` })
      .min(min)
      .max(max),
  );
}

/** A duration such as `72h`, read as milliseconds. */
export const durationText = z
  .string()
  .transform((text, context) => {
    const durationMs = parseDuration(text);
    if (durationMs !== null) return durationMs;
    context.addIssue(`must be ${DURATION_FORM}`);
    return z.NEVER;
  })
  .meta({ type: "string", examples: ["72h"] });

export const booleanText = z.enum(["true", "false"]).transform((text) => text === "true");

/** Path parameters are looked up, not parsed: an odd one is simply not found. */
export const projectParams = z.strictObject({ id: z.string() });

/** A route without query parameters refuses all of them. */
export const noQuery = z.strictObject({});

export const pageQuery = {
  limit: numberText(1, LIMITS.pageItemsMax).default(LIMITS.pageItemsDefault),
  cursor: z.string().max(LIMITS.httpCursorCharsMax).exactOptional(),
};

export const contentTypeSchema = z
  .string()
  .max(LIMITS.contentTypeCharsMax)
  .regex(MEDIA_TYPE, { error: "must be a media type" });

/** Checked and normalised by the service, which answers `invalid-path`. */
export const pathSchema = z.string().max(4 * LIMITS.pathBytesMax);

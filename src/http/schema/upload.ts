import { z } from "zod";
import { LIMITS } from "../../core/limits.ts";
import {
  contentTypeSchema,
  countSchema,
  metadataSchema,
  numberText,
  pathSchema,
  timestampSchema,
} from "./common.ts";

export const openUploadBody = z
  .strictObject({
    path: pathSchema,
    sizeBytes: countSchema,
    contentType: contentTypeSchema.exactOptional(),
    metadata: metadataSchema.exactOptional(),
  })
  .meta({ id: "OpenUpload" });
export type OpenUploadJson = z.input<typeof openUploadBody>;

export const uploadSchema = z
  .object({
    uploadId: z.string(),
    partSizeBytes: countSchema,
    partCount: countSchema,
    expiresAt: timestampSchema,
  })
  .meta({ id: "Upload" });
export type UploadJson = z.output<typeof uploadSchema>;

export const uploadParams = z.strictObject({ id: z.string(), uploadId: z.string() });

const partNumber = numberText(1, LIMITS.partsMax);

export const partParams = z.strictObject({
  id: z.string(),
  uploadId: z.string(),
  partNumber,
});

export const partUrlSchema = z
  .object({
    url: z.string(),
    headers: z.record(z.string(), z.string()),
    expiresAt: timestampSchema,
  })
  .meta({ id: "PartUrl" });
export type PartUrlJson = z.output<typeof partUrlSchema>;

export const partsSchema = z
  .object({
    parts: z.array(z.object({ partNumber: countSchema, etag: z.string(), sizeBytes: countSchema })),
  })
  .meta({ id: "Parts" });
export type PartsJson = z.output<typeof partsSchema>;

/** Optional as a whole: expunge lists the parts itself. */
export const completeUploadBody = z
  .strictObject({
    parts: z
      .array(z.strictObject({ partNumber: z.int().min(1), etag: z.string() }))
      .max(LIMITS.partsMax)
      .exactOptional(),
  })
  .nullish();

export const signedPartParams = z.strictObject({
  projectUid: z.string(),
  uploadId: z.string(),
  partNumber,
});

/** All of it is covered by the URL's signature; an odd value cannot match it. */
export const signedPartQuery = z.strictObject({
  length: z.string(),
  expires: z.string(),
  tag: z.string(),
});

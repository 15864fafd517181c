import { z } from "zod";
import { LIMITS } from "../../core/limits.ts";
import { countSchema, pageQuery, pathSchema, timestampSchema } from "./common.ts";

export const fileSchema = z
  .object({
    path: z.string(),
    uid: z.string(),
    sizeBytes: countSchema,
    contentType: z.string(),
    etag: z.string(),
    sha256: z.string().nullable(),
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
    metadata: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "File" });
export type FileJson = z.output<typeof fileSchema>;

export const fileListSchema = z
  .object({ items: z.array(fileSchema), nextCursor: z.string().nullable() })
  .meta({ id: "FileList" });
export type FileListJson = z.output<typeof fileListSchema>;

export const fileParams = z.strictObject({ id: z.string(), "*": z.string() });

export const listFilesQuery = z.strictObject({ ...pageQuery, prefix: pathSchema.exactOptional() });

export const readFileQuery = z.strictObject({
  disposition: z.enum(["attachment", "inline"]).exactOptional(),
});

/** A file whose row is gone while its object is still being removed. */
export const pendingFileSchema = z
  .object({ path: z.string(), outcome: z.literal("pending"), code: z.string() })
  .meta({ id: "PendingFile" });
export type PendingFileJson = z.output<typeof pendingFileSchema>;

export const pathsBody = z
  .strictObject({ paths: z.array(pathSchema).min(1).max(LIMITS.bulkItemsMax) })
  .meta({ id: "Paths" });

export const fileOutcomesSchema = z
  .object({
    outcomes: z.array(
      z.object({
        path: z.string(),
        outcome: z.enum(["deleted", "absent", "pending", "failed"]),
        code: z.string().exactOptional(),
      }),
    ),
  })
  .meta({ id: "FileOutcomes" });
export type FileOutcomesJson = z.output<typeof fileOutcomesSchema>;

export const fileChecksSchema = z
  .object({
    files: z.array(z.object({ path: z.string(), row: z.boolean(), object: z.boolean() })),
  })
  .meta({ id: "FileChecks" });
export type FileChecksJson = z.output<typeof fileChecksSchema>;

export const moveFileBody = z
  .strictObject({ from: pathSchema, to: pathSchema })
  .meta({ id: "MoveFile" });

export const signUrlBody = z
  .strictObject({
    path: pathSchema,
    expiresInSeconds: z
      .int()
      .min(1)
      .max(LIMITS.urlExpiryMaxMs / 1000)
      .exactOptional(),
  })
  .meta({ id: "SignUrl" });

export const signedUrlSchema = z
  .object({ url: z.string(), expiresAt: timestampSchema })
  .meta({ id: "SignedUrl" });
export type SignedUrlJson = z.output<typeof signedUrlSchema>;

export const downloadParams = z.strictObject({ projectUid: z.string(), fileUid: z.string() });

/** Everything but `disposition` is covered by the URL's signature. */
export const downloadQuery = z.strictObject({
  path: pathSchema,
  expires: z.string(),
  tag: z.string(),
  disposition: z.enum(["attachment", "inline"]).exactOptional(),
});

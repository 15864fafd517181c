import { z } from "zod";
import { LIMITS } from "../../core/limits.ts";
import {
  countSchema,
  instantSchema,
  lifeFields,
  metadataSchema,
  nameSchema,
  pageQuery,
  timestampSchema,
} from "./common.ts";

export const projectStateSchema = z.enum(["active", "trashed", "deleting", "deleted"]);

export const holdSchema = z
  .object({ reason: z.string(), placedAt: timestampSchema })
  .meta({ id: "Hold" });

export const projectSchema = z
  .object({
    id: z.string(),
    uid: z.string(),
    name: z.string(),
    owner: z.string(),
    state: projectStateSchema,
    fileCount: countSchema,
    sizeBytes: countSchema,
    quotaBytes: countSchema.nullable(),
    createdAt: timestampSchema,
    expiresAt: timestampSchema.nullable(),
    hold: holdSchema.nullable(),
    metadata: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "Project" });
export type ProjectJson = z.output<typeof projectSchema>;

export const projectListSchema = z
  .object({ items: z.array(projectSchema), nextCursor: z.string().nullable() })
  .meta({ id: "ProjectList" });
export type ProjectListJson = z.output<typeof projectListSchema>;

export const createProjectBody = z
  .strictObject({
    id: z.string().exactOptional(),
    owner: nameSchema.exactOptional(),
    name: nameSchema.exactOptional(),
    ...lifeFields,
    quotaBytes: countSchema.exactOptional(),
    metadata: metadataSchema.exactOptional(),
  })
  .meta({ id: "CreateProject" });
export type CreateProjectJson = z.input<typeof createProjectBody>;

export const patchProjectBody = z
  .strictObject({
    name: nameSchema.exactOptional(),
    expiresAt: instantSchema.nullable().exactOptional(),
    quotaBytes: countSchema.nullable().exactOptional(),
    metadata: metadataSchema.exactOptional(),
  })
  .meta({ id: "PatchProject" });
export type PatchProjectJson = z.input<typeof patchProjectBody>;

export const listProjectsQuery = z.strictObject({
  ...pageQuery,
  state: projectStateSchema.exactOptional(),
  namePrefix: z.string().max(LIMITS.nameCharsMax).exactOptional(),
});

export const holdBody = z.strictObject({ reason: nameSchema }).meta({ id: "PlaceHold" });
export type HoldJson = z.output<typeof holdSchema>;

import { z } from "zod";
import { AUDIT_FIXES, FINDING_KINDS } from "../../core/audit.ts";
import { LIMITS } from "../../core/limits.ts";
import {
  countSchema,
  durationText,
  pageQuery,
  runFields,
  runStateSchema,
  timestampSchema,
} from "./common.ts";

export const createAuditBody = z
  .strictObject({
    fix: z.enum(AUDIT_FIXES).exactOptional(),
    quarantine: z.boolean().exactOptional(),
    minAge: durationText.exactOptional(),
    readDataPercent: z.number().min(0).max(100).exactOptional(),
    listingConcurrency: z.int().min(1).max(LIMITS.auditListingsMax).exactOptional(),
  })
  .meta({ id: "CreateAudit" });
export type CreateAuditJson = z.input<typeof createAuditBody>;

export const auditSchema = z
  .object({
    id: z.string(),
    state: runStateSchema,
    fix: z.enum(AUDIT_FIXES),
    quarantine: z.boolean(),
    minAge: z.string(),
    readDataPercent: z.number(),
    listingConcurrency: countSchema,
    ...runFields,
    objects: countSchema,
    bytes: countSchema,
    rows: countSchema,
    orphans: countSchema,
    dangling: countSchema,
    mismatched: countSchema,
    residueOfDeleted: countSchema,
    staleUploads: countSchema,
    foreign: countSchema,
    orphanBytes: countSchema,
    quarantined: countSchema,
    quarantinedBytes: countSchema,
    seconds: z.number(),
    young: countSchema,
    unknown: countSchema,
    read: countSchema,
    unjudged: z.array(z.object({ surface: z.string(), code: z.string(), message: z.string() })),
    fixes: z.object({ fixed: countSchema, spared: countSchema, failed: countSchema }),
  })
  .meta({ id: "Audit" });
export type AuditJson = z.output<typeof auditSchema>;

export const auditListSchema = z
  .object({ items: z.array(auditSchema), nextCursor: z.string().nullable() })
  .meta({ id: "AuditList" });
export type AuditListJson = z.output<typeof auditListSchema>;

export const listAuditsQuery = z.strictObject(pageQuery);

/** One line of the findings. */
export const findingSchema = z
  .object({
    kind: z.enum(FINDING_KINDS),
    key: z.string(),
    projectUid: z.string().nullable(),
    path: z.string().nullable(),
    uploadId: z.string().nullable(),
    sizeBytes: countSchema.nullable(),
    rowBytes: countSchema.nullable(),
    modifiedAt: timestampSchema,
    mismatch: z.enum(["size", "checksum"]).nullable(),
    outcome: z.enum(["fixed", "spared", "failed"]).nullable(),
    code: z.string().nullable(),
  })
  .meta({ id: "Finding" });
export type FindingJson = z.output<typeof findingSchema>;

export const auditParams = z.strictObject({ id: z.string() });

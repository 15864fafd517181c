import { z } from "zod";
import { numberText, pageQuery, timestampSchema } from "./common.ts";
import { LIMITS } from "../../core/limits.ts";

export const auditLogQuery = z.strictObject({
  ...pageQuery,
  /** As NDJSON all entries come where no limit is given. */
  limit: numberText(1, LIMITS.pageItemsMax).exactOptional(),
  projectId: z.string().exactOptional(),
});

export const auditEntrySchema = z
  .object({
    sequence: z.int(),
    at: timestampSchema,
    callerKind: z.enum(["admin", "token", "user", "none"]),
    subject: z.string().nullable(),
    tokenId: z.string().nullable(),
    operation: z.string(),
    projectId: z.string().nullable(),
    deletionId: z.string().nullable(),
    outcome: z.string(),
    requestId: z.string(),
  })
  .meta({ id: "AuditEntry" });
export type AuditEntryJson = z.output<typeof auditEntrySchema>;

export const auditLogSchema = z
  .object({ items: z.array(auditEntrySchema), nextCursor: z.string().nullable() })
  .meta({ id: "AuditLog" });
export type AuditLogJson = z.output<typeof auditLogSchema>;

import { z } from "zod";
import { lifeFields, nameSchema, pageQuery, rightsSchema, timestampSchema } from "./common.ts";

const fields = {
  id: z.string(),
  name: z.string(),
  owner: z.string(),
  rights: rightsSchema,
  createdAt: timestampSchema,
  expiresAt: timestampSchema.nullable(),
  revokedAt: timestampSchema.nullable(),
  lastUsedAt: timestampSchema.nullable(),
};

export const tokenSchema = z.object(fields).meta({ id: "Token" });
export type TokenJson = z.output<typeof tokenSchema>;

export const madeTokenSchema = z
  .object({ ...fields, token: z.string().meta({ description: "The secret; never shown again" }) })
  .meta({ id: "MadeToken" });
export type MadeTokenJson = z.output<typeof madeTokenSchema>;

export const tokenListSchema = z
  .object({ items: z.array(tokenSchema), nextCursor: z.string().nullable() })
  .meta({ id: "TokenList" });
export type TokenListJson = z.output<typeof tokenListSchema>;

export const createTokenBody = z
  .strictObject({
    name: nameSchema,
    owner: nameSchema.exactOptional(),
    rights: rightsSchema.min(1),
    ...lifeFields,
  })
  .meta({ id: "CreateToken" });
export type CreateTokenJson = z.input<typeof createTokenBody>;

export const listTokensQuery = z.strictObject(pageQuery);

export const tokenParams = z.strictObject({ tokenId: z.string() });

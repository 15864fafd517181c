import { z } from "zod";
import { LIMITS } from "../../core/limits.ts";
import { nameSchema, rightsSchema, timestampSchema } from "./common.ts";

export const createSignInCodeBody = z
  .strictObject({
    owner: nameSchema.exactOptional(),
    rights: rightsSchema.min(1).exactOptional(),
  })
  .nullish()
  .meta({ id: "CreateSignInCode" });

export const signInCodeSchema = z
  .object({
    code: z.string().meta({ description: "Works once; never shown again" }),
    url: z.string().meta({ description: "Where whoever opens it signs in" }),
    expiresAt: timestampSchema,
  })
  .meta({ id: "SignInCode" });
export type SignInCodeJson = z.output<typeof signInCodeSchema>;

export const signInBody = z
  .strictObject({ code: z.string().max(LIMITS.nameCharsMax) })
  .meta({ id: "SignIn" });

export const sessionSchema = z
  .object({ owner: z.string(), rights: rightsSchema, expiresAt: timestampSchema })
  .meta({ id: "Session" });
export type SessionJson = z.output<typeof sessionSchema>;

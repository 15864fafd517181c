import { z } from "zod";
import { RIGHTS } from "../../core/caller.ts";
import { LIMITS } from "../../core/limits.ts";
import { timestampSchema } from "./common.ts";

const rightsSchema = z.array(z.enum(RIGHTS));

export const createSignInCodeBody = z
  .strictObject({
    owner: z.string().min(1).max(LIMITS.nameCharsMax).exactOptional(),
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

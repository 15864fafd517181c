import { z } from "zod";

export const healthSchema = z
  .object({ status: z.literal("ok"), version: z.string() })
  .meta({ id: "Health" });
export type HealthJson = z.output<typeof healthSchema>;

export const readySchema = z.object({ ready: z.literal(true) }).meta({ id: "Ready" });
export type ReadyJson = z.output<typeof readySchema>;

export const jwksSchema = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal("OKP"),
        crv: z.literal("Ed25519"),
        x: z.string(),
        kid: z.string(),
        use: z.literal("sig"),
        alg: z.literal("EdDSA"),
      }),
    ),
  })
  .meta({ id: "Jwks" });
export type JwksJson = z.output<typeof jwksSchema>;

export const doctorSchema = z
  .object({
    ok: z.boolean(),
    checks: z.array(
      z.object({
        name: z.string(),
        ok: z.boolean().nullable().meta({ description: "null: does not apply here" }),
        detail: z.string(),
        remedy: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: "Doctor" });
export type DoctorJson = z.output<typeof doctorSchema>;

export const settingsSchema = z
  .object({
    settings: z.array(
      z.object({
        name: z.string(),
        value: z.string(),
        source: z.string(),
        origin: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: "Settings" });
export type SettingsJson = z.output<typeof settingsSchema>;

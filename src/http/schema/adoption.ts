import { z } from "zod";
import { LIMITS } from "../../core/limits.ts";
import {
  countSchema,
  durationText,
  failureSchema,
  nameSchema,
  runFields,
  runNoteSchema,
  runStateSchema,
} from "./common.ts";

export const createAdoptionBody = z
  .strictObject({
    dryRun: z.boolean().exactOptional(),
    owner: nameSchema.exactOptional(),
    minAge: durationText.exactOptional(),
    prefix: z.string().max(LIMITS.keyBytesMax).exactOptional(),
  })
  .meta({ id: "CreateAdoption" });
export type CreateAdoptionJson = z.input<typeof createAdoptionBody>;

export const adoptionSchema = z
  .object({
    id: z.string(),
    state: runStateSchema,
    dryRun: z.boolean(),
    owner: z.string(),
    minAge: z.string(),
    prefix: z.string(),
    ...runFields,
    objects: countSchema,
    bytes: countSchema,
    adopted: countSchema,
    adoptedBytes: countSchema,
    projects: countSchema,
    newProjects: countSchema,
    known: countSchema,
    young: countSchema,
    refused: countSchema,
    foreign: countSchema,
    orphans: countSchema,
    requests: z.object({ list: countSchema, head: countSchema }),
    failure: failureSchema.nullable(),
    seconds: z.number(),
  })
  .meta({ id: "Adoption" });
export type AdoptionJson = z.output<typeof adoptionSchema>;

/** One line of the projects of an adoption. */
export const adoptedProjectSchema = z
  .object({
    projectId: z.string(),
    isNew: z.boolean(),
    objects: countSchema,
    bytes: countSchema,
  })
  .meta({ id: "AdoptedProject" });
export type AdoptedProjectJson = z.output<typeof adoptedProjectSchema>;

/** One line of what an adoption refused. */
export const adoptionRefusalSchema = runNoteSchema.meta({ id: "AdoptionRefusal" });
export type AdoptionRefusalJson = z.output<typeof adoptionRefusalSchema>;

export const adoptionParams = z.strictObject({ id: z.string() });

import { z } from "zod";

/**
 * RFC 9457. `type` is `urn:expunge:error:CODE`, `instance` the request's id, which the log names too.
 * Further members are facts of the code, such as `deletion` and `residue` of `deletion-blocked`.
 */
export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    remedy: z.string(),
    instance: z.string(),
  })
  .meta({ id: "Problem" });
export type ProblemJson = z.output<typeof problemSchema>;

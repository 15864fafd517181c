import { LIMITS } from "../core/limits.ts";
import type { FastifySchemaCompiler, FastifySerializerCompiler } from "fastify";
import { z } from "zod";
import { ExpungeError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";

const PLACES: Readonly<Record<string, string>> = {
  body: "field",
  querystring: "query parameter",
  params: "path parameter",
};

/** Holds a request against its schema; what is refused is named, with the known name that is near. */
export const compileValidator: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  (data: unknown) => {
    const result = schema.safeParse(data);
    if (result.success) return { value: result.data };
    return { error: refusal(schema, httpPart ?? "body", result.error) };
  };

/** Answers are built by `views.ts` from their schemas' own types, so they are only written down. */
export const compileSerializer: FastifySerializerCompiler<unknown> = () => (data: unknown) =>
  JSON.stringify(data);

function refusal(schema: z.ZodType, httpPart: string, error: z.ZodError): ExpungeError {
  const place = PLACES[httpPart] ?? "field";
  const errors = error.issues.flatMap((issue) => explain(schema, place, issue));
  const [first = { field: "", message: `The ${httpPart} is not valid.` }] = errors;
  return new ExpungeError("invalid-request", first.message, {
    details: { field: first.field, errors },
  });
}

interface Explained {
  readonly field: string;
  readonly message: string;
}

function explain(schema: z.ZodType, place: string, issue: z.core.$ZodIssue): readonly Explained[] {
  const field = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    const known = knownNames(schema, issue.path);
    return issue.keys.map((key) => ({
      field: key,
      message: unknownName(place, key, nearName(key, known)),
    }));
  }
  const what = field === "" ? "The body" : `The ${place} '${field}'`;
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined")) {
    return [{ field, message: `${what} is missing.` }];
  }
  return [{ field, message: `${what} is not valid: ${issue.message}.` }];
}

function nearName(name: string, known: readonly string[]): string | null {
  const found = nearest(name, known);
  return found !== null && found.distance <= LIMITS.nameEditsMax ? found.name : null;
}

function unknownName(place: string, key: string, near: string | null): string {
  const hint = near === null ? "." : `; did you mean '${near}'?`;
  return `The ${place} '${key.slice(0, 80)}' is not known${hint}`;
}

/** The fields that the object at a path of the schema knows. */
function knownNames(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    return knownNames(schema.unwrap(), path);
  }
  const [head, ...rest] = path;
  if (schema instanceof z.ZodArray) return knownNames(schema.element, rest);
  if (!(schema instanceof z.ZodObject)) return [];
  if (head === undefined) return Object.keys(schema.shape);
  const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
  const field = shape[String(head)];
  return field ? knownNames(field, rest) : [];
}

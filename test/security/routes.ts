import type { FastifyInstance } from "fastify";
import { z } from "zod";

const operationSchema = z.looseObject({
  security: z.array(z.unknown()).optional(),
  parameters: z
    .array(z.looseObject({ name: z.string(), in: z.string(), schema: z.unknown() }))
    .default([]),
  requestBody: z.looseObject({ content: z.record(z.string(), z.unknown()) }).optional(),
});

const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
});

export interface Route {
  readonly method: string;
  /** With its parameters in braces, `{path}` being the rest. */
  readonly path: string;
  /** `GET /v1/projects/{id}` */
  readonly name: string;
  readonly params: readonly string[];
  readonly queries: readonly string[];
  readonly isPublic: boolean;
  /** The media type of the body: JSON, anything, or none. */
  readonly body: "json" | "raw" | null;
}

/** Every route, as the OpenAPI document has it: a new one is there by itself. */
export function routesOf(app: FastifyInstance): readonly Route[] {
  const { paths } = documentSchema.parse(JSON.parse(JSON.stringify(app.swagger())));
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([lower, { security, parameters, requestBody }]): Route => {
      const method = lower.toUpperCase();
      const content = Object.keys(requestBody?.content ?? {});
      return {
        method,
        path,
        name: `${method} ${path}`,
        params: [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name),
        queries: parameters.filter((one) => one.in === "query").map(({ name }) => name),
        isPublic: security?.length === 0,
        body: content.length === 0 ? null : content.includes("application/json") ? "json" : "raw",
      };
    }),
  );
}

/** Puts values in the place of the parameters. */
export function urlOf(path: string, values: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

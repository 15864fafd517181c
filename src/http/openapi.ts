import swagger from "@fastify/swagger";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import type { FastifyInstance, FastifySchema } from "fastify";
import type { OpenAPIV3_1 } from "openapi-types";
import type { RouteDeps } from "./deps.ts";
import { TAGS } from "./operation.ts";
import { SECURE_NAME } from "./session-cookie.ts";

interface DescribedSchema extends FastifySchema {
  readonly requestHeaders?: Readonly<Record<string, string>>;
  readonly rawBody?: boolean;
}

const TITLE = "expunge";
const DESCRIPTION =
  "Project files on R2, S3 or a directory, with a delete that proves itself: verified before it " +
  "answers, with a signed receipt. Failures are RFC 9457 problems with a stable `code`.";

/** Makes `app.swagger()` answer the OpenAPI 3.1 document, from the schemas that the routes check. */
export async function describeApi(app: FastifyInstance, deps: RouteDeps): Promise<void> {
  const url = deps.baseUrl ?? null;
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: TITLE, version: deps.version, description: DESCRIPTION },
      ...(url === null ? {} : { servers: [{ url }] }),
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: {
          bearer: { type: "http", scheme: "bearer" },
          session: { type: "apiKey", in: "cookie", name: SECURE_NAME },
        },
      },
      security: [{ bearer: [] }, { session: [] }],
    },
    transform: ({ schema, url, ...rest }) => {
      const described: DescribedSchema = schema;
      const { requestHeaders, rawBody, ...plain } = described;
      const made = jsonSchemaTransform({ schema: plain, url, ...rest });
      const headers = requestHeaders ? { headers: headerSchema(requestHeaders) } : {};
      const body = rawBody ? { body: RAW_BODY } : {};
      const params = withPath(made.schema.params);
      const response = bodiless(made.schema.response);
      return {
        schema: { ...made.schema, ...params, ...headers, ...body, response },
        // The router's wildcard is the file's path.
        url: url.replace(/\*$/, ":path"),
      };
    },
    transformObject: (document) => {
      const made = jsonSchemaTransformObject(document);
      return "swagger" in made
        ? made
        : withOptionalBodies(withoutUnused(made as OpenAPIV3_1.Document));
    },
  });
}

const RAW_BODY = { content: { "*/*": { schema: { type: "string", format: "binary" } } } };

function headerSchema(headers: Readonly<Record<string, string>>): unknown {
  const properties = Object.entries(headers).map(([name, description]) => [
    name,
    { type: "string", description },
  ]);
  return { type: "object", properties: Object.fromEntries(properties) as unknown };
}

/** `@fastify/swagger` takes an answer of type `null` for one without a body, and no other. */
function bodiless(response: unknown): Record<string, unknown> {
  const answers = Object.entries(response ?? {}) as [string, { content?: object }][];
  return Object.fromEntries(
    answers.map(([status, answer]) => {
      const isEmpty = Object.keys(answer.content ?? {}).length === 0;
      return [status, isEmpty ? { ...answer, type: "null" } : answer];
    }),
  );
}

function withPath(params: unknown): { params?: unknown } {
  if (typeof params !== "object" || params === null) return {};
  const text = JSON.stringify(params).replaceAll('"*"', '"path"');
  return { params: JSON.parse(text) as unknown };
}

/** A body that may be null may be left out; `@fastify/swagger` calls every body required. */
function withOptionalBodies(document: OpenAPIV3_1.Document): OpenAPIV3_1.Document {
  for (const item of Object.values(document.paths ?? {})) {
    const body = item?.post?.requestBody;
    if (!body || !("content" in body)) continue;
    const schema = body.content["application/json"]?.schema;
    const options = schema && "anyOf" in schema ? (schema.anyOf ?? []) : [];
    if (options.some((one) => "type" in one && one.type === "null")) body.required = false;
  }
  return document;
}

/** Drops component schemas that nothing refers to: each is registered for input and for output. */
function withoutUnused(document: OpenAPIV3_1.Document): OpenAPIV3_1.Document {
  const all = document.components?.schemas ?? {};
  const used = new Set<string>();
  const visit = (value: unknown): void => {
    for (const [, name = ""] of JSON.stringify(value).matchAll(REFERENCE)) {
      if (used.has(name)) continue;
      used.add(name);
      visit(all[name] ?? {});
    }
  };
  visit(document.paths);
  const schemas = Object.fromEntries(Object.entries(all).filter(([name]) => used.has(name)));
  return { ...document, components: { ...document.components, schemas } };
}

const REFERENCE = /"#\/components\/schemas\/([^"]+)"/g;

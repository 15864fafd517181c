import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { STATUS } from "../../src/http/problem.ts";
import { contractOf, Schemas } from "./contract.ts";
import { type HttpService, startHttp } from "./support.ts";

let http: HttpService;
beforeAll(async () => {
  http = await startHttp();
});
afterAll(() => http.close());

const operationSchema = z.object({
  operationId: z.string().min(1),
  summary: z.string().min(1),
  tags: z.array(z.string()).min(1),
  parameters: z
    .array(z.looseObject({ name: z.string(), in: z.string(), required: z.boolean() }))
    .optional(),
  requestBody: z.looseObject({ content: z.record(z.string(), z.unknown()) }).optional(),
  security: z.array(z.unknown()).optional(),
  responses: z.record(
    z.string().regex(/^[1-5]\d\d$/),
    z.looseObject({
      description: z.string().min(1),
      content: z.record(z.string(), z.looseObject({})).optional(),
    }),
  ),
});

const documentSchema = z.object({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.object({ title: z.string(), version: z.string(), description: z.string() }),
  tags: z.array(z.object({ name: z.string(), description: z.string() })),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  paths: z.record(z.string().startsWith("/"), z.record(z.string(), operationSchema)),
  components: z.looseObject({
    schemas: z.record(z.string(), z.looseObject({})),
    securitySchemes: z.looseObject({
      bearer: z.object({ type: z.literal("http"), scheme: z.literal("bearer") }),
    }),
  }),
});

async function read(): Promise<z.output<typeof documentSchema>> {
  const { body } = await http.call({ as: "", method: "GET", url: "/openapi.json" });
  return documentSchema.parse(JSON.parse(body));
}

test("the OpenAPI document is 3.1 and describes every operation with summary, id, tag and answers", async () => {
  const { paths, tags } = await read();
  const operations = Object.values(paths).flatMap((item) => Object.values(item));
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const known = new Set(tags.map(({ name }) => name));
  for (const operation of operations) {
    expect(operation.tags.every((tag) => known.has(tag))).toBe(true);
    expect(Object.keys(operation.responses).some((status) => Number(status) < 400)).toBe(true);
  }
});

test("the OpenAPI document passes the standard's own schema, and every schema in it compiles strictly", async () => {
  const document = JSON.parse(
    (await http.call({ as: "", method: "GET", url: "/openapi.json" })).body,
  ) as Record<string, object>;
  const validator = new Validator();
  expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
  expect(validator.version).toBe("3.1");
  const broken = await new Validator().validate({ ...document, paths: { x: {} } });
  expect(broken.valid).toBe(false);
  const schemas = new Schemas(document);
  const all = schemasIn(document["paths"]).concat(schemasIn(document["components"]));
  expect(all.length).toBeGreaterThan(100);
  for (const schema of all)
    expect(schemas.compile(schema), JSON.stringify(schema)).toBeTypeOf("function");
  expect(() => schemas.compile({ type: "objekt" })).toThrow();
  expect(() => schemas.compile({ type: "string", format: "date-tim" })).toThrow();
});

/** What stands under a key `schema`, and every named schema. */
function schemasIn(value: unknown): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, one]: [string, unknown]) => {
    if (name === "schema") return [one];
    if (name === "schemas") return Object.values(one as Record<string, unknown>);
    return schemasIn(one);
  });
}

test("an answer that the OpenAPI document does not tell of is found by the check of the http tests", async () => {
  const contract = contractOf(http.app.swagger());
  const answer = await http.call({ as: "", method: "GET", url: "/healthz" });
  const changed = (fields: object): typeof answer =>
    Object.assign(Object.create(answer) as typeof answer, fields);
  const check = (fields: object) => () => contract("GET", "/healthz", changed(fields));
  expect(check({})).not.toThrow();
  expect(check({ statusCode: 204 })).toThrow("not documented");
  expect(check({ body: '{"status":"ok"}' })).toThrow("version");
  expect(check({ body: '{"status":"ok","version":"1","more":1}' })).toThrow("additional");
  expect(check({ headers: { "content-type": "text/json" } })).toThrow("no text/json documented");
});

test("every route of the router stands in the OpenAPI document, and nothing else does", async () => {
  const { paths } = await read();
  const documented = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const routes = [
    ...http.app.printRoutes({ commonPrefix: false }).matchAll(/\(([A-Z, ]+)\)/g),
  ].flatMap(([, methods = ""]) => methods.split(", "));
  expect(documented).toHaveLength(routes.length);
  expect(documented).toContain("PUT /v1/projects/{id}/files/{path}");
  expect(documented).toContain("HEAD /v1/projects/{id}/files/{path}");
  expect(documented).toContain("POST /v1/projects/{id}/files:move");
  expect(documented.filter((one) => /[*]|::/.test(one))).toEqual([]);
});

test("every parameter in a path of the OpenAPI document is declared, and every reference resolves", async () => {
  const document = await read();
  for (const [path, item] of Object.entries(document.paths)) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
    for (const { parameters = [] } of Object.values(item)) {
      const declared = parameters.filter((one) => one.in === "path").map(({ name }) => name);
      expect(declared.sort(), path).toEqual(names.sort());
    }
  }
  const references = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g);
  for (const [, name = ""] of references) {
    expect(Object.keys(document.components.schemas)).toContain(name);
  }
});

test("only the health, key, document, sign-in and signed operations do without token and session", async () => {
  const { paths, security } = await read();
  expect(security).toEqual([{ bearer: [] }, { session: [] }]);
  const open = Object.entries(paths).flatMap(([path, item]) =>
    Object.values(item).some((operation) => operation.security?.length === 0) ? [path] : [],
  );
  expect(open.sort()).toEqual([
    "/.well-known/jwks.json",
    "/docs",
    "/healthz",
    "/openapi.json",
    "/readyz",
    "/v1/downloads/{projectUid}/{fileUid}",
    "/v1/sessions",
    "/v1/upload-parts/{projectUid}/{uploadId}/{partNumber}",
  ]);
});

test("every failure in the OpenAPI document names codes under the status that they have", async () => {
  const { paths } = await read();
  const statuses: Readonly<Record<string, number>> = STATUS;
  for (const operation of Object.values(paths).flatMap((item) => Object.values(item))) {
    for (const [status, answer] of Object.entries(operation.responses)) {
      if (Number(status) < 400) continue;
      expect(Object.keys(answer.content ?? {})).toEqual(["application/problem+json"]);
      const codes = [...answer.description.matchAll(/`([a-z-]+)`/g)].map(([, code = ""]) => code);
      expect(codes.length).toBeGreaterThan(0);
      for (const code of codes) expect([code, statuses[code]]).toEqual([code, Number(status)]);
    }
  }
});

test("raw bodies are described as bytes of any type and the documents answer the service's version", async () => {
  const { paths, info } = await read();
  const put = paths["/v1/projects/{id}/files/{path}"]?.["put"];
  expect(put?.requestBody?.content).toEqual({
    "*/*": { schema: { type: "string", format: "binary" } },
  });
  const complete = paths["/v1/projects/{id}/uploads/{uploadId}/complete"]?.["post"];
  expect(complete?.requestBody?.["required"]).toBe(false);
  expect(info.version).toBe("1.2.3");
});

test("the documentation page lists every operation and runs nothing", async () => {
  const { paths } = await read();
  const page = await http.call({ as: "", method: "GET", url: "/docs" });
  expect(page.statusCode).toBe(200);
  expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
  const policy = String(page.headers["content-security-policy"]);
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
  expect(page.body).not.toMatch(/<script|https?:\/\//);
  for (const { operationId } of Object.values(paths).flatMap((item) => Object.values(item))) {
    expect(page.body).toContain(`id="${operationId}"`);
  }
});

import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from "fastify";
import { expect } from "vitest";
import { z } from "zod";
import { PrometheusMetrics } from "../../src/adapters/prometheus-metrics.ts";
import type { Caller, Right } from "../../src/core/caller.ts";
import { type AppDeps, createApp } from "../../src/http/app.ts";
import { makeService, type TestService, type TestServiceOptions } from "../support/context.ts";

/** Tokens and who they stand for. */
export const CALLERS: Readonly<Record<string, Caller>> = {
  admin: caller("admin", "admin"),
  alice: caller("alice", "projects:read", "projects:write", "projects:delete"),
  bob: caller("bob", "projects:read", "projects:write", "projects:delete"),
  "alice-reads": caller("alice", "projects:read"),
  "alice-deletes": caller("alice", "projects:delete"),
};

function caller(subject: string, ...rights: readonly Right[]): Caller {
  return { subject, rights: new Set(rights) };
}

export interface HttpService extends TestService {
  readonly app: FastifyInstance;
  /** One request, its answer held against the OpenAPI document. */
  readonly call: (request: Call) => Promise<LightMyRequestResponse>;
  readonly close: () => Promise<void>;
}

export interface Call extends Omit<InjectOptions, "method" | "url"> {
  readonly as?: string;
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The real application on the real services, on memory adapters. */
export async function startHttp(
  options: TestServiceOptions & { readonly http?: Partial<AppDeps> } = {},
): Promise<HttpService> {
  const metrics = new PrometheusMetrics("1.2.3");
  const service = await makeService({ metrics, ...options });
  const { context } = service;
  const app = await createApp({
    services: service.services,
    authenticate: async (token) => CALLERS[token] ?? null,
    log: context.log,
    metrics,
    readiness: () => ({ ready: true, reason: null }),
    settings: context.settings,
    version: "1.2.3",
    clock: context.clock,
    random: context.random,
    ...options.http,
  });
  const contract = contractOf(app);
  return {
    ...service,
    app,
    call: async ({ as = "admin", headers, ...request }) => {
      const response = await app.inject({
        ...request,
        headers: { ...(as === "" ? {} : { authorization: `Bearer ${as}` }), ...headers },
      });
      contract(request.method, request.url, response);
      return response;
    },
    close: async () => {
      await app.close();
      await service.stop();
    },
  };
}

/** Makes a project by HTTP and answers its uid. */
export async function makeProject(http: HttpService, id: string, owner = "alice"): Promise<string> {
  const made = await http.call({ method: "POST", url: "/v1/projects", payload: { id, owner } });
  expect(made.statusCode).toBe(201);
  return fieldOf(made, "uid");
}

export async function putFile(
  http: HttpService,
  project: string,
  path: string,
  body: string,
): Promise<void> {
  const url = `/v1/projects/${project}/files/${path}`;
  const put = await http.call({
    method: "PUT",
    url,
    payload: body,
    headers: { "content-type": "text/plain" },
  });
  expect([200, 201]).toContain(put.statusCode);
}

export function jsonOf(response: LightMyRequestResponse): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(JSON.parse(response.body));
}

/** A field that must be a string. */
export function fieldOf(response: LightMyRequestResponse, name: string): string {
  return z.string().parse(jsonOf(response)[name]);
}

/** Where the next page begins, or null at the end. */
export function nextOf(response: LightMyRequestResponse): string | null {
  return z.string().nullable().parse(jsonOf(response)["nextCursor"]);
}

export function expectProblem(
  response: LightMyRequestResponse,
  status: number,
  code: string,
): Record<string, unknown> {
  expect(response.headers["content-type"]).toBe("application/problem+json");
  const problem = jsonOf(response);
  expect({ status: response.statusCode, code: problem["code"] }).toEqual({ status, code });
  expect(problem).toMatchObject({ status, type: `urn:expunge:error:${code}` });
  for (const name of ["title", "detail", "remedy", "instance"]) {
    expect(problem[name], name).toMatch(/./);
  }
  expect(response.headers["x-request-id"]).toBe(problem["instance"]);
  return problem;
}

const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        responses: z.record(
          z.string(),
          z.looseObject({
            content: z.record(z.string(), z.looseObject({ schema: z.unknown() })).optional(),
          }),
        ),
      }),
    ),
  ),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});

type Contract = (method: string, url: string, response: LightMyRequestResponse) => void;

/** Checks that an answer is one that the published document tells of, body included. */
function contractOf(app: FastifyInstance): Contract {
  const { paths, components } = documentSchema.parse(JSON.parse(JSON.stringify(app.swagger())));
  const patterns = Object.entries(paths).map(([path, item]) => {
    const source = path
      .split("/")
      .map((part) => (part === "{path}" ? ".*" : part.startsWith("{") ? "[^/]+" : part))
      .join("/")
      .replaceAll(".well", String.raw`\.well`);
    return { pattern: new RegExp(`^${source}$`), item, wild: path.includes("{path}") };
  });
  const schemas = new Map<unknown, z.ZodType>();
  return (method, url, response) => {
    const [path = ""] = url.split("?", 1);
    const found = patterns.filter(({ pattern }) => pattern.test(path));
    const match = found.find(({ wild }) => !wild) ?? found[0];
    const operation = match?.item[method.toLowerCase()];
    if (!operation) return;
    const answer = operation.responses[String(response.statusCode)];
    const said = `${method} ${path} answered ${response.statusCode}: ${response.body.slice(0, 500)}`;
    if (!answer) throw new Error(`${said} (not documented)`);
    const type = (response.headers["content-type"] ?? "").split(";", 1)[0] ?? "";
    if (response.body === "" || !/[/+]json$/.test(type)) return;
    if (answer.content?.["*/*"]) return;
    const media = answer.content?.[type];
    if (!media) throw new Error(`${said} (no ${type} documented)`);
    const schema =
      schemas.get(media) ?? z.fromJSONSchema(resolved(media.schema, components.schemas));
    schemas.set(media, schema);
    const result = schema.safeParse(JSON.parse(response.body));
    if (!result.success) throw new Error(`${said} (${z.prettifyError(result.error)})`);
  };
}

function resolved(
  schema: unknown,
  all: Readonly<Record<string, unknown>>,
): z.core.JSONSchema.JSONSchema {
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== "object" || value === null) return value;
    if ("$ref" in value && typeof value.$ref === "string") {
      return resolve(all[value.$ref.replace("#/components/schemas/", "")]);
    }
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, resolve(one)]));
  };
  return resolve(schema) as z.core.JSONSchema.JSONSchema;
}

export async function listen(http: HttpService): Promise<{ port: number; origin: string }> {
  await http.app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = http.app.server.address() as AddressInfo;
  return { port, origin: `http://127.0.0.1:${port}` };
}

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends exactly these bytes, and reads until the server closes: no client normalises anything. */
export async function sendRaw(port: number, bytes: string | Buffer): Promise<RawAnswer> {
  const text = await new Promise<string>((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("utf8")));
  });
  const [head = "", ...rest] = text.split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), head, body: rest.join("\r\n\r\n") };
}

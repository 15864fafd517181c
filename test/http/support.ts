import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from "fastify";
import { expect } from "vitest";
import { z } from "zod";
import { PrometheusMetrics } from "../../src/adapters/prometheus-metrics.ts";
import type { Caller, Right } from "../../src/core/caller.ts";
import { type AppDeps, createApp } from "../../src/http/app.ts";
import { contractOf } from "./contract.ts";
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
  options: TestServiceOptions & {
    readonly http?: Partial<AppDeps> | ((service: TestService) => Partial<AppDeps>);
  } = {},
): Promise<HttpService> {
  const metrics = new PrometheusMetrics("1.2.3");
  const service = await makeService({ metrics, ...options });
  const { context } = service;
  const app = await createApp({
    services: service.services,
    authenticate: async (token) =>
      CALLERS[token] ?? (await service.services.tokens.authenticate(token)),
    log: context.log,
    metrics,
    tracing: context.tracing,
    readiness: () => ({ ready: true, reason: null }),
    settings: context.settings,
    version: "1.2.3",
    clock: context.clock,
    random: context.random,
    ...(typeof options.http === "function" ? options.http(service) : options.http),
  });
  const contract = contractOf(app.swagger());
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

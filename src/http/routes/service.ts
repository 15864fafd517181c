import { ExpungeError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { App, RouteDeps } from "../deps.ts";
import { docsPage, DOCS_POLICY } from "../docs-page.ts";
import { schemaOf } from "../operation.ts";
import { noQuery } from "../schema/common.ts";
import {
  healthSchema,
  jwksSchema,
  readySchema,
  type HealthJson,
  type JwksJson,
  type ReadyJson,
} from "../schema/service.ts";
import { z } from "zod";

export function addServiceRoutes(app: App, deps: RouteDeps): void {
  addHealthRoutes(app, deps);
  addKeysRoute(app, deps);
  addDocumentRoutes(app);
}

function addHealthRoutes(app: App, deps: RouteDeps): void {
  app.route({
    method: "GET",
    url: "/healthz",
    config: { access: "public" },
    schema: schemaOf({
      operationId: "health",
      summary: "Whether the process lives",
      tag: "service",
      access: "public",
      querystring: noQuery,
      answers: { 200: { description: "It does", json: healthSchema } },
      errors: [],
    }),
    handler: async (): Promise<HealthJson> => ({ status: "ok", version: deps.version }),
  });
  app.route({
    method: "GET",
    url: "/readyz",
    config: { access: "public" },
    schema: schemaOf({
      operationId: "readiness",
      summary: "Whether requests can be answered: the start is done and the database answers",
      tag: "service",
      access: "public",
      querystring: noQuery,
      answers: { 200: { description: "They are", json: readySchema } },
      errors: ["not-ready"],
    }),
    handler: async (): Promise<ReadyJson> => {
      const why = await whyNotReady(deps);
      if (why === null) return { ready: true };
      throw new ExpungeError("not-ready", `Not ready: ${why}.`, {
        details: { ready: false, reason: why },
      });
    },
  });
}

/** Without its database nothing is answered; the store is asked at the start and by each call. */
async function whyNotReady(deps: RouteDeps): Promise<string | null> {
  const { ready, reason } = deps.readiness();
  if (!ready) return reason ?? "starting";
  if (deps.closing.aborted) return "stopping";
  return await deps.services.monitor.databaseTrouble();
}

function addKeysRoute(app: App, deps: RouteDeps): void {
  app.route({
    method: "GET",
    url: "/.well-known/jwks.json",
    config: { access: "public" },
    schema: schemaOf({
      operationId: "publicKeys",
      summary: "The public keys of all receipts, retired ones included",
      tag: "service",
      access: "public",
      querystring: noQuery,
      answers: { 200: { description: "A JWK set (RFC 7517)", json: jwksSchema } },
      errors: [],
    }),
    handler: async (_request, reply): Promise<JwksJson> => {
      const keys = await deps.services.receipts.publicKeys();
      reply.header("cache-control", `public, max-age=${LIMITS.jwksMaxAgeSeconds}`);
      return { keys: keys.map((key) => ({ ...key })) };
    },
  });
}

function addDocumentRoutes(app: App): void {
  app.route({
    method: "GET",
    url: "/openapi.json",
    config: { access: "public" },
    schema: schemaOf({
      operationId: "openapi",
      summary: "This document",
      tag: "service",
      access: "public",
      querystring: noQuery,
      answers: { 200: { description: "OpenAPI 3.1", json: z.looseObject({}) } },
      errors: [],
    }),
    handler: async () => app.swagger(),
  });
  app.route({
    method: "GET",
    url: "/docs",
    config: { access: "public" },
    schema: schemaOf({
      operationId: "docs",
      summary: "This document as a page",
      tag: "service",
      access: "public",
      querystring: noQuery,
      answers: { 200: { description: "A page", media: "text/html" } },
      errors: [],
    }),
    handler: async (_request, reply) => {
      reply.type("text/html; charset=utf-8").header("content-security-policy", DOCS_POLICY);
      return docsPage(app.swagger());
    },
  });
}

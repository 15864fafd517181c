import { callerOf } from "../auth.ts";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import type { App, RouteDeps } from "../deps.ts";
import { schemaOf } from "../operation.ts";
import { noQuery } from "../schema/common.ts";
import {
  createTokenBody,
  listTokensQuery,
  madeTokenSchema,
  type MadeTokenJson,
  tokenListSchema,
  type TokenListJson,
  tokenParams,
} from "../schema/token.ts";
import { tokenView } from "../views.ts";

export function addTokenRoutes(app: App, deps: RouteDeps): void {
  addMakingRoute(app, deps);
  addKeepingRoutes(app, deps);
}

function addMakingRoute(app: App, deps: RouteDeps): void {
  const { tokens } = deps.services;
  app.route({
    method: "POST",
    url: "/v1/tokens",
    schema: schemaOf({
      operationId: "createToken",
      summary: "Make an API token",
      description:
        "`token` is the secret. It is shown in this answer only; its hash alone is kept.",
      tag: "tokens",
      querystring: noQuery,
      body: createTokenBody,
      answers: { 201: { description: "The token, with its secret", json: madeTokenSchema } },
      errors: [],
    }),
    handler: async (request, reply): Promise<MadeTokenJson> => {
      const { ttlSeconds, ...input } = request.body;
      const { token, secret } = await tokens.create(callerOf(request), {
        ...input,
        ...(ttlSeconds === undefined ? {} : { ttlMs: ttlSeconds * 1000 }),
      });
      reply.code(201);
      return { ...tokenView(token), token: secret };
    },
  });
}

function addKeepingRoutes(app: App, deps: RouteDeps): void {
  const { tokens } = deps.services;
  app.route({
    method: "GET",
    url: "/v1/tokens",
    schema: schemaOf({
      operationId: "listTokens",
      summary: "List API tokens, also expired and revoked ones, without their secrets",
      tag: "tokens",
      querystring: listTokensQuery,
      answers: { 200: { description: "A page of tokens", json: tokenListSchema } },
      errors: ["invalid-cursor"],
    }),
    handler: async (request): Promise<TokenListJson> => {
      const { cursor, limit } = request.query;
      const list = ["tokens"];
      const query = { limit, ...decodeCursor(list, cursor) };
      const { items, next } = await tokens.list(callerOf(request), query);
      return { items: items.map(tokenView), nextCursor: encodeCursor(list, next) };
    },
  });
  app.route({
    method: "DELETE",
    url: "/v1/tokens/:tokenId",
    schema: schemaOf({
      operationId: "revokeToken",
      summary: "Revoke an API token, in every process at once",
      tag: "tokens",
      params: tokenParams,
      querystring: noQuery,
      answers: { 204: { description: "Revoked, now or before" } },
      errors: ["token-not-found"],
    }),
    handler: async (request, reply) => {
      await tokens.revoke(callerOf(request), request.params.tokenId);
      return reply.code(204).send();
    },
  });
}

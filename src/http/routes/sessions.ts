import type { FastifyRequest } from "fastify";
import { type Session, signInPath } from "../../core/credentials.ts";
import { ExpungeError, isExpungeError } from "../../core/errors.ts";
import { timestamp } from "../../core/receipt.ts";
import { callerOf } from "../auth.ts";
import { refuseCrossSite } from "../cross-site.ts";
import type { App, RouteDeps } from "../deps.ts";
import { limitFailure } from "../limits.ts";
import { absoluteUrl } from "../links.ts";
import { schemaOf } from "../operation.ts";
import { noQuery } from "../schema/common.ts";
import {
  createSignInCodeBody,
  type SessionJson,
  sessionSchema,
  signInBody,
  type SignInCodeJson,
  signInCodeSchema,
} from "../schema/session.ts";
import { sessionCookie } from "../session-cookie.ts";

export function addSessionRoutes(app: App, deps: RouteDeps): void {
  addCodeRoute(app, deps);
  addSignInRoute(app, deps);
  addCurrentRoutes(app, deps);
}

function addCodeRoute(app: App, deps: RouteDeps): void {
  app.route({
    method: "POST",
    url: "/v1/sign-in-codes",
    schema: schemaOf({
      operationId: "createSignInCode",
      summary: "Make a code by which somebody signs in once",
      description:
        "For whom and with which rights may be said; by default for the caller as admin.",
      tag: "sessions",
      querystring: noQuery,
      body: createSignInCodeBody,
      answers: { 201: { description: "The code", json: signInCodeSchema } },
      errors: [],
    }),
    handler: async (request, reply): Promise<SignInCodeJson> => {
      const made = await deps.services.sessions.createCode(callerOf(request), request.body ?? {});
      reply.code(201);
      const url = absoluteUrl(deps, request, signInPath(made.code));
      return { code: made.code, url, expiresAt: timestamp(made.expiresAt) };
    },
  });
}

function addSignInRoute(app: App, deps: RouteDeps): void {
  app.route({
    method: "POST",
    url: "/v1/sessions",
    config: { access: "public" },
    schema: schemaOf({
      operationId: "signIn",
      summary: "Sign in with a code: sets the session's cookie",
      tag: "sessions",
      access: "public",
      querystring: noQuery,
      body: signInBody,
      answers: { 201: { description: "The session", json: sessionSchema } },
      errors: ["sign-in-refused", "cross-site", "https-required"],
    }),
    handler: async (request, reply): Promise<SessionJson> => {
      refuseCrossSite(request);
      // Before the code is used up: whether a cookie can be set at all.
      sessionCookie(request, null);
      try {
        const { session, secret } = await deps.services.sessions.signIn(request.body.code);
        reply.code(201).header("set-cookie", sessionCookie(request, secret));
        return sessionView(session);
      } catch (error) {
        const isRefused = isExpungeError(error, "sign-in-refused");
        if (isRefused && deps.limits) await limitFailure(deps.limits, request, reply);
        throw error;
      }
    },
  });
}

function addCurrentRoutes(app: App, deps: RouteDeps): void {
  const url = "/v1/sessions/current";
  app.route({
    method: "GET",
    url,
    schema: schemaOf({
      operationId: "currentSession",
      summary: "Read the session of the request's cookie",
      tag: "sessions",
      querystring: noQuery,
      answers: { 200: { description: "The session", json: sessionSchema } },
      errors: [],
    }),
    handler: async (request): Promise<SessionJson> => sessionView(sessionOf(request)),
  });
  app.route({
    method: "DELETE",
    url,
    schema: schemaOf({
      operationId: "signOut",
      summary: "Sign out: ends the session everywhere at once",
      tag: "sessions",
      querystring: noQuery,
      answers: { 204: { description: "Signed out" } },
      errors: [],
    }),
    handler: async (request, reply) => {
      await deps.services.sessions.end(sessionOf(request));
      return reply.code(204).header("set-cookie", sessionCookie(request, null)).send();
    },
  });
}

function sessionOf(request: FastifyRequest): Session {
  if (request.session) return request.session;
  throw new ExpungeError("unauthorized", "The request comes with a token and not with a session.");
}

function sessionView({ owner, rights, expiresAt }: Session): SessionJson {
  return { owner, rights: [...rights], expiresAt: timestamp(expiresAt) };
}

import type { FastifyRequest } from "fastify";
import type { RouteDeps } from "./deps.ts";

/** An address of our own server as callers reach it; one of the store stays as it is. */
export function absoluteUrl(deps: RouteDeps, request: FastifyRequest, url: string): string {
  if (!url.startsWith("/")) return url;
  const base = deps.baseUrl ?? `${request.protocol}://${request.host}`;
  return `${base.replace(/\/+$/, "")}${url}`;
}

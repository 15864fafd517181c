import type { FastifyReply } from "fastify";
import type { ConsoleFile, ConsoleFiles } from "./console-files.ts";
import type { App, RouteDeps } from "./deps.ts";
import { HttpError } from "./problem.ts";
import { LIMITS } from "../core/limits.ts";

/** Paths of screens: the page itself finds out which one is meant. */
const SCREENS = [
  "/",
  "/projects/*",
  "/deletions",
  "/deletions/*",
  "/audit",
  "/audit/*",
  "/doctor",
  "/tokens",
  "/settings",
];

/** Serves the console's page and its files. They hold nothing of anybody: the page asks the API. */
export function addConsoleRoutes(app: App, { console: files = null }: RouteDeps): void {
  if (files === null) return;
  const policy = policyOf(files);
  for (const url of SCREENS) {
    app.route({
      method: "GET",
      url,
      config: { access: "public" },
      schema: { hide: true },
      handler: async (request, reply) => {
        reply.headers({ "content-security-policy": policy, "cache-control": "no-cache" });
        return sendFile(reply, files.page, request.headers["accept-encoding"]);
      },
    });
  }
  app.route({
    method: "GET",
    url: "/assets/*",
    config: { access: "public" },
    schema: { hide: true },
    handler: async (request, reply) => {
      const [path = ""] = request.url.split("?", 1);
      const file = files.assets.get(path);
      if (!file) throw new HttpError("route-not-found", "The console has no such file.");
      reply.header(
        "cache-control",
        `public, max-age=${LIMITS.consoleAssetsMaxAgeSeconds}, immutable`,
      );
      return sendFile(reply, file, request.headers["accept-encoding"]);
    },
  });
}

function sendFile(
  reply: FastifyReply,
  { type, plain, compressed }: ConsoleFile,
  accepted: string | string[] | undefined,
): FastifyReply {
  reply.headers({ "content-type": type, vary: "accept-encoding" });
  const names = String(accepted ?? "").split(",");
  const takes = (encoding: string): boolean =>
    names.some((name) => new RegExp(`^ *${encoding} *(;(?! *q=0(\\.0*)? *$).*)?$`).test(name));
  for (const encoding of ["br", "gzip"] as const) {
    const body = compressed[encoding];
    if (body === undefined || !takes(encoding)) continue;
    return reply.header("content-encoding", encoding).send(body);
  }
  return reply.send(plain);
}

/** Nothing inline, nothing of anybody else: only the store gets and gives the bytes of files. */
function policyOf({ storeOrigin }: ConsoleFiles): string {
  const store = storeOrigin === null ? "" : ` ${storeOrigin}`;
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self'${store}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

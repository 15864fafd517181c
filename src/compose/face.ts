import type { FastifyInstance } from "fastify";
import { jwtUsers } from "../adapters/jwt-users.ts";
import { bucketLimiter, rateLimiter } from "../adapters/memory/rate-limiter.ts";
import type { PrometheusMetrics } from "../adapters/prometheus-metrics.ts";
import { LIMITS } from "../core/limits.ts";
import { type Config, describeConfig } from "../config.ts";
import { createApp } from "../http/app.ts";
import type { RequestLimits } from "../http/limits.ts";
import type { Random } from "../ports/clock.ts";
import type { Context } from "../services/context.ts";
import type { Services } from "../services/index.ts";
import { VERSION } from "../version.ts";
import { authenticator } from "./authentication.ts";
import { readConsole } from "./console.ts";
import { diagnose, type RunningService } from "./doctor.ts";

export interface Face {
  readonly config: Config;
  readonly context: Context;
  readonly services: Services;
  readonly adminToken: string;
  readonly metrics: PrometheusMetrics;
  readonly running: RunningService;
  readiness(): { readonly ready: boolean; readonly reason: string | null };
}

/** The HTTP face of a configuration, not listening yet. */
export async function createFace(face: Face): Promise<FastifyInstance> {
  const { config, context, services, adminToken, metrics } = face;
  const { clock, log, random, tracing } = context;
  return await createApp({
    services,
    authenticate: authenticator({
      adminToken,
      tokens: services.tokens,
      users: config.jwt && jwtUsers({ ...config.jwt, clock, log }),
    }),
    log,
    metrics,
    tracing,
    readiness: () => face.readiness(),
    settings: config,
    baseUrl: config.publicUrl,
    corsOrigins: config.corsOrigins,
    version: VERSION,
    limits: limitsOf(config, random),
    trustedProxies: config.trustedProxies,
    console: await readConsole(context.store),
    inspection: {
      settings: () => describeConfig(config),
      diagnose: (signal) => diagnose(config, { log, signal, service: face.running }),
    },
    clock,
    random,
  });
}

function limitsOf({ limits }: Pick<Config, "limits">, random: Random): RequestLimits {
  const { requestsPerMinute, addressRequestsPerMinute, authFailuresPerMinute } = limits;
  const windowSeconds = LIMITS.rateWindowSeconds;
  const byAddress = (limit: number | null) =>
    limit === null ? null : bucketLimiter({ limit, windowSeconds }, random);
  return {
    callers:
      requestsPerMinute === null ? null : rateLimiter({ limit: requestsPerMinute, windowSeconds }),
    addresses: byAddress(addressRequestsPerMinute),
    failures: byAddress(authFailuresPerMinute),
  };
}

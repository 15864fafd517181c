import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "../core/caller.ts";
import type { Session } from "../core/credentials.ts";
import type { Clock, Random } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Backlog } from "../ports/metadata/index.ts";
import type { Check } from "../services/doctor/checks.ts";
import type { Tracing } from "../ports/tracing.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { ConsoleFiles } from "./console-files.ts";
import type { RequestLimits } from "./limits.ts";
import type { Services } from "../services/index.ts";

export interface HttpSettings {
  /** How long a `DELETE` of a project without `Prefer` waits. */
  readonly deleteWaitMs: number;
  /** The life of a signed URL for which none was asked. */
  readonly urlExpiryMs: number;
  /** The grace of a deletion that names none. */
  readonly graceMs: number;
}

/** What is counted, and the page that a monitor reads. */
export interface MetricsPage extends Metrics {
  readonly contentType: string;
  /** Everything counted so far in this process, and what waits by the database. */
  render(backlog: Backlog): Promise<string>;
}

/** One effective setting, redacted. */
export interface EffectiveSetting {
  readonly name: string;
  readonly value: string;
  readonly source: string;
  /** The name, flag or file that gave the value; null for a default. */
  readonly origin: string | null;
}

/** A look at the process itself, for administrators. */
export interface Inspection {
  /** Every effective setting; nothing in it is secret. */
  settings(): readonly EffectiveSetting[];
  /** What `expunge doctor` checks, one after the other; makes small objects in the store and removes them. */
  diagnose(signal: AbortSignal): Promise<readonly Check[]>;
}

export interface AppDeps {
  readonly services: Services;
  /** Who a bearer token stands for, or null. */
  authenticate(token: string): Promise<Caller | null>;
  readonly log: Log;
  readonly metrics: MetricsPage;
  readonly tracing: Tracing;
  /** Whether requests may be answered yet (R11). */
  readiness(): { readonly ready: boolean; readonly reason: string | null };
  readonly settings: HttpSettings;
  readonly version: string;
  /** Where callers reach this service, as the URLs that it hands out begin; else the Host header. */
  readonly baseUrl?: string | null;
  /** None by default. */
  readonly limits?: RequestLimits;
  /** Addresses and networks whose `X-Forwarded-For` is believed; none by default. */
  readonly trustedProxies?: readonly string[];
  /** Origins whose pages may call the API; none where absent. */
  readonly corsOrigins?: readonly string[];
  /** The built console; null or absent where there is none. */
  readonly console?: ConsoleFiles | null;
  /** What this process was started with; nothing to tell where absent. */
  readonly inspection?: Inspection;
  /** For waits only: it decides nothing (R8). */
  readonly clock: Clock;
  /** For the ids of requests. */
  readonly random: Random;
}

/** What the routes work with. */
export interface RouteDeps extends AppDeps {
  /** Aborts when the server begins to close: waits then end with what is known. */
  readonly closing: AbortSignal;
}

/** The application, with request types taken from zod schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks; null on routes without authentication. */
    caller: Caller | null;
    /** The session of its cookie; null where it came with a token. */
    session: Session | null;
  }
  interface FastifyContextConfig {
    /** `public`: no token is asked for. Every other route asks for one. */
    access?: "public";
  }
}

import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Context,
  defaultTextMapGetter,
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { ExpungeError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { StoreError } from "../core/store-errors.ts";
import type { Log } from "../ports/log.ts";
import type { RequestSpan, SpanFacts, Tracing } from "../ports/tracing.ts";

export interface TracingOptions {
  /** Where spans are sent by OTLP over HTTP: the base, to which `/v1/traces` is added. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly version: string;
  readonly log: Log;
}

/**
 * Spans by OpenTelemetry, sent in batches by OTLP. Nothing global is registered but where the SDK says
 * that it could not send: so several services may live in one process.
 */
export function openTracing(options: TracingOptions): Tracing {
  const { endpoint, headers, serviceName, version, log } = options;
  const say = (message: string): void => log.warn({ message }, "traces could not be sent");
  const quiet = (): void => undefined;
  diag.setLogger(
    { error: say, warn: say, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": serviceName, "service.version": version }),
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({
          url: `${endpoint.replace(/\/+$/, "")}/v1/traces`,
          headers: { ...headers },
          timeoutMillis: LIMITS.traceExportTimeoutMs,
        }),
        scheduledDelayMillis: LIMITS.traceExportEveryMs,
        exportTimeoutMillis: LIMITS.traceExportTimeoutMs,
      }),
    ],
  });
  return new OtelTracing(provider, provider.getTracer("expunge", version), log);
}

class OtelTracing implements Tracing {
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  readonly #log: Log;
  readonly #current = new AsyncLocalStorage<Context>();
  readonly #propagator = new W3CTraceContextPropagator();

  constructor(provider: TracerProvider, tracer: Tracer, log: Log) {
    this.#provider = provider;
    this.#tracer = tracer;
    this.#log = log;
  }

  async span<T>(name: string, facts: SpanFacts, work: () => Promise<T>): Promise<T> {
    const parent = this.#current.getStore() ?? ROOT_CONTEXT;
    const span = this.#tracer.startSpan(name, { attributes: { ...facts } }, parent);
    try {
      return await this.#current.run(trace.setSpan(parent, span), work);
    } catch (error) {
      markFailed(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  request(headers: Readonly<Record<string, unknown>>, name: string, facts: SpanFacts): RequestSpan {
    const parent = this.#propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
    const options = { kind: SpanKind.SERVER, attributes: { ...facts } };
    const span = this.#tracer.startSpan(name, options, parent);
    const context = trace.setSpan(parent, span);
    return {
      run: (next) => this.#current.run(context, next),
      end: (more, failed) => {
        span.setAttributes({ ...more });
        if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  }

  async close(): Promise<void> {
    try {
      await this.#provider.shutdown();
    } catch (error) {
      this.#log.warn({ err: error }, "the last traces could not be sent");
    }
  }
}

/** The code alone: a message may hold what a span must not. */
function markFailed(span: Span, error: unknown): void {
  const known = error instanceof StoreError || error instanceof ExpungeError;
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute("error.type", known ? error.code : "error");
}

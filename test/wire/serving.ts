import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Rng } from "../simulation/random.ts";
import { checkDigests, openBody, readBody, type WireBody } from "./body.ts";
import { send } from "./delivery.ts";
import { asWireError, WireError } from "./errors.ts";
import { type Exchange, storedKey, type WireState } from "./exchange.ts";
import type { Fault } from "./fault.ts";
import type { Faults } from "./faults.ts";
import { type LatencyModel, latencyMs, type RateLimiter } from "./models.ts";
import type { Operation } from "./operations.ts";
import { preflight } from "./buckets.ts";
import { readRemoval } from "./removal.ts";
import { emptyReply, errorReply, type Reply } from "./reply.ts";
import { readRequest, type WireRequest } from "./request.ts";
import { handlerOf, operationOf } from "./router.ts";
import { type Credentials, verify } from "./signature.ts";

/** A request and what became of it. */
export interface RequestRecord {
  readonly method: string;
  /** Null where none was found, or before one was looked for. */
  readonly operation: Operation | null;
  readonly bucket: string | null;
  /** Of a listing the prefix. */
  readonly key: string | null;
  /** Null where nothing was answered. */
  readonly status: number | null;
  /** The name of the fault that it met. */
  readonly fault: string | null;
}

/** What a server does with a request. */
export interface Rules {
  readonly state: WireState;
  readonly credentials: readonly Credentials[];
  readonly faults: Faults;
  readonly latency: LatencyModel;
  limiter(): RateLimiter | null;
  readonly random: Rng;
  readonly stopping: AbortSignal;
  began(operation: Operation): void;
  answered(record: RequestRecord): void;
  /** Told of a defect of this server itself. */
  broke(error: unknown): void;
}

/** One request from its head to its answer; never throws. */
export async function serve(
  rules: Rules,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const call = new Call(rules, message);
  let reply: Reply | null;
  try {
    reply = await call.run();
  } catch (error) {
    if (message.destroyed && !message.complete) return;
    reply = call.refusal(error);
  }
  if (rules.stopping.aborted) return;
  const lost = call.fault?.instead === undefined ? call.fault?.lost : undefined;
  rules.answered(call.record(lost?.share === null ? null : (reply?.status ?? null)));
  if (call.fault?.instead === "reset") message.socket.resetAndDestroy();
  if (reply === null) return;
  send(response, reply, { now: rules.state.now(), isHead: message.method === "HEAD", lost });
}

class Call {
  fault: Fault | null = null;
  readonly #rules: Rules;
  readonly #message: IncomingMessage;
  #request: WireRequest | null = null;
  #operation: Operation | null = null;

  constructor(rules: Rules, message: IncomingMessage) {
    this.#rules = rules;
    this.#message = message;
  }

  /** The answer; null for none. @throws WireError */
  async run(): Promise<Reply | null> {
    const { state, credentials, stopping } = this.#rules;
    const request = (this.#request = readRequest(this.#message));
    if (request.method === "OPTIONS") return preflight(request, state);
    const verifier = { credentials, region: state.region, now: () => state.now() };
    const payloadHash = verify(request, verifier);
    const operation = (this.#operation = operationOf(request));
    this.#rules.began(operation);
    this.#checkLength(operation);
    const sent = await readBody(this.#message);
    const body = openBody(request, sent, payloadHash, state.dialect.trailers);
    const digests = this.#digests(operation, body);
    const exchange = { request, body, digests, state };
    const waitMs = latencyMs(this.#rules.latency, operation, this.#rules.random);
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: stopping });
    this.#limit();
    this.fault = this.#rules.faults.take(operation, request.bucket, keysOf(operation, exchange));
    return await this.#answer(operation, { ...exchange, fault: this.fault });
  }

  async #answer(operation: Operation, exchange: Exchange): Promise<Reply | null> {
    const { fault } = exchange;
    if (fault?.instead === "silence" || fault?.instead === "reset") return null;
    if (fault?.instead) return fault.instead;
    if (fault?.until) await Promise.race([fault.until, aborted(this.#rules.stopping)]);
    if (this.#rules.stopping.aborted) return null;
    let reply = emptyReply(200);
    for (let i = 0; i < (fault?.effects ?? 1); i++) {
      reply = await replyOf(handlerOf(operation), exchange, (error) => this.refusal(error));
    }
    fault?.landed?.();
    return fault?.edit && reply.status < 300 ? fault.edit(reply) : reply;
  }

  /** S3 takes no upload whose length it does not know beforehand, be it said in a header of its own. */
  #checkLength(operation: Operation): void {
    if (operation !== "PutObject" && operation !== "UploadPart") return;
    const headers = this.#request?.headers;
    if (headers?.has("content-length")) return;
    const takesTrailers = this.#rules.state.dialect.trailers;
    if (takesTrailers && headers?.has("x-amz-decoded-content-length")) return;
    throw new WireError("MissingContentLength");
  }

  #digests(operation: Operation, body: WireBody): readonly string[] {
    const { dialect } = this.#rules.state;
    const request = this.#request;
    if (!request) return [];
    if (operation !== "DeleteObjects") return checkDigests(request, body);
    if (!dialect.checksRemovalDigest) return [];
    const refused = [...request.headers].find(
      ([name]) =>
        name.startsWith("x-amz-checksum-") && !dialect.removalDigests.includes(name.slice(15)),
    );
    if (refused) {
      const message = `Header '${refused[0]}' with value '${refused[1]}' not implemented`;
      throw new WireError("NotImplemented", message);
    }
    return checkDigests(request, body);
  }

  #limit(): void {
    const { bucket, key, query } = this.#request ?? { query: new Map<string, string>() };
    const isOver =
      bucket && this.#rules.limiter()?.admits(bucket, key ?? query.get("prefix") ?? "") === false;
    if (isOver) throw new WireError("SlowDown");
  }

  /** What S3 answers for an error. */
  refusal(error: unknown): Reply {
    const known = asWireError(error);
    if (!(known instanceof WireError)) {
      this.#rules.broke(error);
      return errorReply(500, "WireServerBroke", String(error));
    }
    const { code, message, status, details } = known;
    const isUnread = this.#operation === "DeleteObjects" && code === "MalformedXML";
    if (isUnread && this.#rules.state.dialect.refusesWithoutWords) return emptyReply(400);
    return errorReply(status, code, message, details);
  }

  record(status: number | null): RequestRecord {
    const { method = this.#message.method ?? "", bucket = null, key, query } = this.#request ?? {};
    const fault = this.fault?.name ?? null;
    const name = key ?? query?.get("prefix") ?? null;
    return { method, operation: this.#operation, bucket, key: name, status, fault };
  }
}

async function replyOf(
  handler: (exchange: Exchange) => Promise<Reply>,
  exchange: Exchange,
  refusal: (error: unknown) => Reply,
): Promise<Reply> {
  try {
    return await handler(exchange);
  } catch (error) {
    return refusal(error);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** What a request is about, for faults to choose by. */
function keysOf(
  operation: Operation,
  { request, body, state }: Pick<Exchange, "request" | "body" | "state">,
): readonly string[] {
  if (operation !== "DeleteObjects") {
    return [storedKey(state.dialect, request.key ?? request.query.get("prefix") ?? "")];
  }
  try {
    return readRemoval(body.bytes).asked.map(({ key }) => key);
  } catch {
    // The operation itself says what is wrong with it.
    return [];
  }
}

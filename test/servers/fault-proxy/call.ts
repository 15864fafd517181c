import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody } from "../../wire/body.ts";
import { send } from "../../wire/delivery.ts";
import { WireError } from "../../wire/errors.ts";
import type { Fault } from "../../wire/fault.ts";
import type { Faults } from "../../wire/faults.ts";
import type { Operation } from "../../wire/operations.ts";
import { readRemoval } from "../../wire/removal.ts";
import type { Reply } from "../../wire/reply.ts";
import { readRequest, type WireRequest } from "../../wire/request.ts";
import { operationOf } from "../../wire/router.ts";
import type { RequestRecord } from "../../wire/serving.ts";
import { changed, held, type HeldRequest, type Signer } from "./held-request.ts";
import { type EmptyPages, listingWithFault, queryOf } from "./listing-faults.ts";
import { removeWithFaults } from "./removal-faults.ts";
import type { Upstream } from "./upstream.ts";

/** What a proxy does with a request. */
export interface ProxyRules {
  readonly upstream: Upstream;
  readonly signer: Signer;
  readonly faults: Faults;
  readonly emptyPages: EmptyPages;
  readonly stopping: Promise<void>;
  isStopping(): boolean;
  now(): number;
  began(operation: Operation): void;
  answered(record: RequestRecord): void;
}

/** One request on its way through the proxy. */
export class ProxyCall {
  readonly #rules: ProxyRules;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #request: WireRequest;
  readonly #operation: Operation | null;
  #fault: Fault | null = null;

  constructor(rules: ProxyRules, message: IncomingMessage, response: ServerResponse) {
    this.#rules = rules;
    this.#message = message;
    this.#response = response;
    this.#request = readRequest(message);
    this.#operation = knownOperation(this.#request);
  }

  async run(): Promise<void> {
    const { faults, upstream } = this.#rules;
    const { bucket, key, query } = this.#request;
    const operation = this.#operation;
    if (operation === null) {
      this.#note(await upstream.pass(this.#message, this.#response));
      return;
    }
    this.#rules.began(operation);
    const removal = operation === "DeleteObjects" ? await readBody(this.#message) : null;
    const keys = removal === null ? [key ?? query.get("prefix") ?? ""] : keysOf(removal);
    const fault = (this.#fault = faults.take(operation, bucket, keys));
    const isOurs = this.#rules.emptyPages.meant(this.#request.rawQuery) !== null;
    if (fault === null && removal === null && !isOurs) {
      this.#note(await upstream.pass(this.#message, this.#response));
      return;
    }
    if (fault?.instead === "reset") {
      this.#note(null);
      this.#message.socket.resetAndDestroy();
      return;
    }
    const body = removal ?? (await readBody(this.#message));
    await this.#answer(operation, held(this.#message, body), fault);
  }

  async #answer(operation: Operation, request: HeldRequest, fault: Fault | null): Promise<void> {
    const reply = await this.#replyOf(operation, request, fault);
    if (this.#rules.isStopping()) return;
    const lost = fault?.instead === undefined ? fault?.lost : undefined;
    this.#note(lost?.share === null ? null : (reply?.status ?? null));
    if (reply === null) return;
    const isHead = this.#message.method === "HEAD";
    send(this.#response, reply, { now: this.#rules.now(), isHead, lost });
  }

  /** Null for none. */
  async #replyOf(
    operation: Operation,
    request: HeldRequest,
    fault: Fault | null,
  ): Promise<Reply | null> {
    if (fault?.instead === "silence" || fault?.instead === "reset") return null;
    if (fault?.instead) return fault.instead;
    if (fault?.until) await Promise.race([fault.until, this.#rules.stopping]);
    if (this.#rules.isStopping()) return null;
    let reply = await this.#effect(operation, request, fault);
    for (let more = (fault?.effects ?? 1) - 1; more > 0; more--) {
      reply = await this.#effect(operation, request, fault);
    }
    fault?.landed?.();
    return fault?.edit && reply.status < 300 ? fault.edit(reply) : reply;
  }

  /** What the real server does and says, with what a fault changes of either. */
  async #effect(operation: Operation, given: HeldRequest, fault: Fault | null): Promise<Reply> {
    const { upstream, signer, emptyPages } = this.#rules;
    const change = (request: HeldRequest, what: Parameters<typeof changed>[1]): HeldRequest =>
      changed(request, what, signer, this.#rules.now());
    const meant = emptyPages.meant(given.rawQuery);
    const request = meant === null ? given : change(given, { rawQuery: meant });
    const { entry, listing, ignoresRange } = fault ?? {};
    if (entry && operation === "DeleteObjects") {
      return await removeWithFaults(request.body, entry, (body) =>
        upstream.ask(change(request, { body })),
      );
    }
    if (ignoresRange) {
      const headers = new Map([...request.headers].filter(([name]) => name !== "range"));
      return await upstream.ask(change(request, { headers }));
    }
    if (!listing) return await upstream.ask(request);
    const rawQuery = queryOf(operation, request.rawQuery, listing);
    const asked = rawQuery === request.rawQuery ? request : change(request, { rawQuery });
    const reply = await upstream.ask(asked);
    if (reply.status >= 300) return reply;
    if (listing.empty && operation === "ListObjectsV2") {
      return emptyPages.page(given.rawQuery, reply);
    }
    return listingWithFault(operation, given.rawQuery, listing, reply);
  }

  #note(status: number | null): void {
    const { method, bucket, key, query } = this.#request;
    const name = key ?? query.get("prefix") ?? null;
    const fault = this.#fault?.name ?? null;
    this.#rules.answered({ method, operation: this.#operation, bucket, key: name, status, fault });
  }
}

/** Null for what test/wire does not speak: it passes unharmed. */
function knownOperation(request: WireRequest): Operation | null {
  try {
    return operationOf(request);
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

function keysOf(removal: Uint8Array): readonly string[] {
  try {
    return readRemoval(removal).asked.map(({ key }) => key);
  } catch (error) {
    // The server itself says what is wrong with it.
    if (error instanceof WireError) return [];
    throw error;
  }
}

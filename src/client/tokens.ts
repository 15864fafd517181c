import type { CreateTokenJson, MadeTokenJson, TokenJson } from "../http/schema/index.ts";
import { segment } from "./addresses.ts";
import { type Page, type PageOptions, readAll, readPage } from "./pages.ts";
import type { CallOptions, Transport } from "./transport.ts";

/** API tokens, for admins. */
export class Tokens {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Makes a token; `token` is its secret, which is told this once. Not repeated by itself. */
  async create(input: CreateTokenJson, options: CallOptions = {}): Promise<MadeTokenJson> {
    return await this.#transport.json({
      ...options,
      method: "POST",
      path: "/v1/tokens",
      json: input,
    });
  }

  /** One page of tokens, also of expired and revoked ones. */
  async list(options: PageOptions = {}): Promise<Page<TokenJson>> {
    return await readPage(this.#transport, "/v1/tokens", options, {});
  }

  /** All tokens, page by page as they are taken. */
  all(options: CallOptions = {}): AsyncGenerator<TokenJson, void, undefined> {
    return readAll(this.#transport, "/v1/tokens", options, {});
  }

  /** From the answer on no process takes it. Idempotent. @throws ExpungeClientError `token-not-found` */
  async revoke(id: string, options: CallOptions = {}): Promise<void> {
    const path = `/v1/tokens/${segment(id)}`;
    await this.#transport.done({ ...options, method: "DELETE", path });
  }
}

import type { AuditJson, CreateAuditJson, FindingJson } from "../http/schema/index.ts";
import { segment } from "./addresses.ts";
import { linesOf } from "./lines.ts";
import { type Page, type PageOptions, readAll, readPage } from "./pages.ts";
import type { CallOptions, Transport } from "./transport.ts";

/** Comparisons of store and rows, of all projects; for administrators. */
export class Audits {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Begins an audit and does not wait for it: look at its `state`. Not repeated by itself. */
  async start(input: CreateAuditJson = {}, options: CallOptions = {}): Promise<AuditJson> {
    return await this.#transport.json({
      ...options,
      method: "POST",
      path: "/v1/audits",
      json: input,
    });
  }

  /** @throws ExpungeClientError `audit-not-found` */
  async get(id: string, options: CallOptions = {}): Promise<AuditJson> {
    return await this.#transport.json({ ...options, path: `/v1/audits/${segment(id)}` });
  }

  /** One page of the audits that are remembered, the newest first. */
  async list(options: PageOptions = {}): Promise<Page<AuditJson>> {
    return await readPage(this.#transport, "/v1/audits", options, {});
  }

  /** All audits that are remembered, page by page as they are taken. */
  all(options: CallOptions = {}): AsyncGenerator<AuditJson, void, undefined> {
    return readAll(this.#transport, "/v1/audits", options, {});
  }

  /** All that it has found, as it arrives. @throws ExpungeClientError `audit-not-found` */
  async *findings(
    id: string,
    options: CallOptions = {},
  ): AsyncGenerator<FindingJson, void, undefined> {
    const path = `/v1/audits/${segment(id)}/findings`;
    const response = await this.#transport.send({ ...options, path });
    for await (const line of linesOf(response)) yield JSON.parse(line) as FindingJson;
  }
}

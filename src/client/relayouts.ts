import type {
  CreateRelayoutJson,
  EndRelayoutJson,
  RelayoutJson,
  RelayoutSparedJson,
} from "../http/schema/index.ts";
import { segment } from "./addresses.ts";
import { linesOf } from "./lines.ts";
import { type Page, type PageOptions, readAll, readPage } from "./pages.ts";
import type { CallOptions, Transport } from "./transport.ts";

/** The move of adopted files to canonical keys; for administrators. */
export class Relayouts {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Begins a relayout, a dry run unless `dryRun` is false, and does not wait for it: look at its `state`.
   * Not repeated by itself. @throws ExpungeClientError `project-not-found`
   */
  async start(input: CreateRelayoutJson = {}, options: CallOptions = {}): Promise<RelayoutJson> {
    return await this.#transport.json({
      ...options,
      method: "POST",
      path: "/v1/relayouts",
      json: input,
    });
  }

  /** @throws ExpungeClientError `relayout-not-found` */
  async get(id: string, options: CallOptions = {}): Promise<RelayoutJson> {
    return await this.#transport.json({ ...options, path: pathOf(id) });
  }

  /** One page of relayouts, the newest first. */
  async list(options: PageOptions = {}): Promise<Page<RelayoutJson>> {
    return await readPage(this.#transport, "/v1/relayouts", options, {});
  }

  /** All relayouts, page by page as they are taken. */
  all(options: CallOptions = {}): AsyncGenerator<RelayoutJson, void, undefined> {
    return readAll(this.#transport, "/v1/relayouts", options, {});
  }

  /**
   * Begins to remove the old objects that a relayout holds, or counts them unless `dryRun` is false; what
   * is answered has an id of its own. @throws ExpungeClientError `relayout-not-found`, `relayout-running`
   */
  async finish(
    id: string,
    input: EndRelayoutJson = {},
    options: CallOptions = {},
  ): Promise<RelayoutJson> {
    return await this.#end(id, "finish", input, options);
  }

  /** Begins to give the files their old objects back, or counts them. @throws as `finish` */
  async undo(
    id: string,
    input: EndRelayoutJson = {},
    options: CallOptions = {},
  ): Promise<RelayoutJson> {
    return await this.#end(id, "undo", input, options);
  }

  async #end(
    id: string,
    action: "finish" | "undo",
    json: EndRelayoutJson,
    options: CallOptions,
  ): Promise<RelayoutJson> {
    const path = `${pathOf(id)}/${action}`;
    return await this.#transport.json({ ...options, method: "POST", path, json });
  }

  /** Which files were left as they are, and why. @throws ExpungeClientError `relayout-not-found` */
  async *spared(
    id: string,
    options: CallOptions = {},
  ): AsyncGenerator<RelayoutSparedJson, void, undefined> {
    const path = `${pathOf(id)}/spared`;
    const response = await this.#transport.send({ ...options, path });
    for await (const line of linesOf(response)) yield JSON.parse(line) as RelayoutSparedJson;
  }
}

function pathOf(id: string): string {
  return `/v1/relayouts/${segment(id)}`;
}

import type {
  AdoptedProjectJson,
  AdoptionJson,
  AdoptionRefusalJson,
  CreateAdoptionJson,
} from "../http/schema/index.ts";
import { segment } from "./addresses.ts";
import { linesOf } from "./lines.ts";
import type { CallOptions, Transport } from "./transport.ts";

/** Projects and files for objects that lie in legacy layouts; for administrators. */
export class Adoptions {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Begins an adoption, a dry run unless `dryRun` is false, and does not wait for it: look at its
   * `state`. Not repeated by itself.
   */
  async start(input: CreateAdoptionJson = {}, options: CallOptions = {}): Promise<AdoptionJson> {
    return await this.#transport.json({
      ...options,
      method: "POST",
      path: "/v1/adoptions",
      json: input,
    });
  }

  /** @throws ExpungeClientError `adoption-not-found` */
  async get(id: string, options: CallOptions = {}): Promise<AdoptionJson> {
    return await this.#transport.json({ ...options, path: `/v1/adoptions/${segment(id)}` });
  }

  /** How much of each project was adopted, or would be. @throws ExpungeClientError `adoption-not-found` */
  async *projects(
    id: string,
    options: CallOptions = {},
  ): AsyncGenerator<AdoptedProjectJson, void, undefined> {
    for await (const line of this.#lines(id, "projects", options)) {
      yield JSON.parse(line) as AdoptedProjectJson;
    }
  }

  /** Which objects of projects got no file, and why. @throws ExpungeClientError `adoption-not-found` */
  async *refusals(
    id: string,
    options: CallOptions = {},
  ): AsyncGenerator<AdoptionRefusalJson, void, undefined> {
    for await (const line of this.#lines(id, "refusals", options)) {
      yield JSON.parse(line) as AdoptionRefusalJson;
    }
  }

  async *#lines(id: string, what: string, options: CallOptions): AsyncGenerator<string> {
    const path = `/v1/adoptions/${segment(id)}/${what}`;
    yield* linesOf(await this.#transport.send({ ...options, path }));
  }
}

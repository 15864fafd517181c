import assert from "node:assert/strict";
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from "fastify";
import { z } from "zod";
import type { Caller, Right } from "../../src/core/caller.ts";
import type { Rng } from "../simulation/random.ts";

const RIGHTS: readonly Right[] = ["projects:read", "projects:write", "projects:delete"];

/** The fuzzer sends as these; nobody but alice, the bystander, has her token. */
export const TOKENS: Readonly<Record<string, Caller>> = {
  bob: { subject: "bob", rights: new Set(RIGHTS) },
  "bob-reads": { subject: "bob", rights: new Set(RIGHTS.slice(0, 1)) },
  root: { subject: "admin", rights: new Set(["admin"]) },
  "alice-only": { subject: "alice", rights: new Set(RIGHTS) },
};
const ALICE = "alice-only";

/** What the projects and files of everybody begin with; none of it may come into a log. */
export const MARK = "qqmarkqq";

/** What a value in a request can be taken from, by its parameter's name. */
export interface Known {
  readonly ids: string[];
  readonly uids: string[];
  readonly uploads: string[];
  readonly deletions: string[];
  readonly cursors: string[];
  readonly signed: string[];
  readonly etags: string[];
  /** Ids that a POST made, by the name of the parameter that takes them: `tokens` by `tokenId`. */
  readonly others: Map<string, string[]>;
}

const KEPT = 12;
const answerSchema = z.looseObject({
  id: z.string().optional(),
  uid: z.string().optional(),
  uploadId: z.string().optional(),
  nextCursor: z.string().nullish(),
  url: z.string().optional(),
  etag: z.string().optional(),
});

/** Projects of bob's to play with, made anew as they are deleted, and one of alice's to leave alone. */
export class World {
  readonly app: FastifyInstance;
  readonly known: Known = {
    ids: [],
    uids: [],
    uploads: [],
    deletions: [],
    cursors: [],
    signed: [],
    etags: [],
    others: new Map(),
  };
  /** Of alice's; never given to an admin. */
  foreign: Readonly<Record<"id" | "uid" | "upload" | "deletion", string>> = {
    id: "",
    uid: "",
    upload: "",
    deletion: "",
  };
  #serial = 0;
  #before = "";

  constructor(app: FastifyInstance) {
    this.app = app;
  }

  /** Makes what alice has, and notes it down. */
  async furnish(): Promise<void> {
    const { id, uid, upload } = await this.#project(ALICE);
    const gone = await this.#project(ALICE);
    const deleted = await this.#ask(ALICE, "DELETE", `/v1/projects/${gone.id}`);
    this.foreign = { id, uid, upload, deletion: answerSchema.parse(deleted.json()).id ?? "" };
    this.#before = await this.#bystander();
    for (let i = 0; i < 4; i++) await this.refresh();
  }

  /** One more project of bob's, with a file, an upload and signed URLs. */
  async refresh(): Promise<void> {
    const { id, uid, upload } = await this.#project("bob");
    keep(this.known.ids, id);
    keep(this.known.uids, uid);
    keep(this.known.uploads, upload);
    const urls = [
      await this.#ask("bob", "POST", `/v1/projects/${id}/urls`, { path: `${MARK}/a` }),
      await this.#ask("bob", "GET", `/v1/projects/${id}/uploads/${upload}/parts/1`),
    ];
    const [, part = ""] = urls.map((answer) => {
      const { pathname, search } = new URL(answerSchema.parse(answer.json()).url ?? "", "http://x");
      keep(this.known.signed, pathname + search);
      return pathname + search;
    });
    if (this.#serial % 2 === 0) await this.#ask("bob", "PUT", part, "12345");
    if (this.#serial % 5 === 0) await this.#ask("bob", "DELETE", `/v1/projects/${id}?grace=72h`);
  }

  /** Learns the ids of answers, so that later requests can meet what earlier ones made. */
  learn(route: string, body: string): void {
    if (!body.startsWith("{") || body.length > 100_000) return;
    const parsed = answerSchema.safeParse(JSON.parse(body));
    if (!parsed.success) return;
    const { id, nextCursor, etag } = parsed.data;
    const [, made] = /^POST .*\/(\w+)s$/.exec(route) ?? [];
    if (made !== undefined && id !== undefined) {
      const ids = this.known.others.get(`${made}Id`) ?? [];
      this.known.others.set(`${made}Id`, ids);
      keep(ids, id);
    }
    if (id?.startsWith("DELETE-")) keep(this.known.deletions, id);
    if (typeof nextCursor === "string") keep(this.known.cursors, nextCursor);
    if (etag !== undefined) keep(this.known.etags, etag);
  }

  /** @throws where anything of alice's is not as it was, byte for byte (I2, I10) */
  async expectBystanderUntouched(): Promise<void> {
    assert.equal(await this.#bystander(), this.#before);
  }

  async #bystander(): Promise<string> {
    const { id } = this.foreign;
    const urls = [
      "/v1/projects",
      `/v1/projects/${id}`,
      `/v1/projects/${id}/files`,
      `/v1/projects/${id}/files/${MARK}/a`,
      `/v1/projects/${id}/files/${MARK}/b%20%C3%A9`,
      "/v1/deletions",
    ];
    const answers = [];
    for (const url of urls) answers.push((await this.#ask(ALICE, "GET", url)).body);
    return answers.join("\n");
  }

  async #project(as: string): Promise<{ id: string; uid: string; upload: string }> {
    // Alice's begin with what no generated prefix can be: an admin may delete by the name.
    const name = `${as === ALICE ? "\u{10348}" : ""}${MARK} of bob ${++this.#serial}`;
    const made = answerSchema.parse((await this.#ask(as, "POST", "/v1/projects", { name })).json());
    const id = made.id ?? "";
    for (const path of [`${MARK}/a`, `${MARK}/b%20%C3%A9`]) {
      const url = `/v1/projects/${id}/files/${path}`;
      const put = await this.#ask(as, "PUT", url, `content of ${path} ${this.#serial}`);
      assert.equal(put.statusCode, 201);
    }
    const body = { path: `${MARK}/up`, sizeBytes: 5 };
    const opened = await this.#ask(as, "POST", `/v1/projects/${id}/uploads`, body);
    return {
      id,
      uid: made.uid ?? "",
      upload: answerSchema.parse(opened.json()).uploadId ?? "",
    };
  }

  async #ask(
    as: string,
    method: NonNullable<InjectOptions["method"]>,
    url: string,
    payload?: string | object,
  ): Promise<LightMyRequestResponse> {
    const headers = { authorization: `Bearer ${as}` };
    return await this.app.inject({ method, url, headers, ...(payload ? { payload } : {}) });
  }
}

function keep(list: string[], value: string): void {
  list.push(value);
  if (list.length > KEPT) list.shift();
}

/** A known value, mostly one that is still there. */
export function knownOr(rng: Rng, list: readonly string[], otherwise: () => string): string {
  return list.length > 0 && rng.chance(0.85) ? rng.pick(list) : otherwise();
}

import { type Caller, requireRight, type Right } from "../core/caller.ts";
import {
  type ApiToken,
  formatCredential,
  hashOfSecret,
  parseCredential,
  SECRET_BYTES,
} from "../core/credentials.ts";
import { ExpungeError } from "../core/errors.ts";
import { makeUid } from "../core/ids.ts";
import { LIMITS } from "../core/limits.ts";
import type { Instant } from "../core/model.ts";
import type { FoundToken } from "../ports/metadata/index.ts";
import type { Context } from "./context.ts";
import { lifeOf } from "./life.ts";
import { type Listed, pageOf } from "./projects.ts";
import { isSameHash } from "./same-hash.ts";

export interface CreateToken {
  readonly name: string;
  /** The caller itself when absent. */
  readonly owner?: string;
  readonly rights: readonly Right[];
  readonly ttlMs?: number;
  readonly expiresAt?: Instant;
}

/** API tokens: made, listed and revoked by admins, and recognised at every request. */
export class Tokens {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * Makes a token. `secret` is the only time that it is shown: what is stored is its hash.
   * @throws ExpungeError `forbidden`, `invalid-request`
   */
  async create(
    caller: Caller,
    input: CreateToken,
  ): Promise<{ readonly token: ApiToken; readonly secret: string }> {
    requireRight(caller, "admin");
    const { metadata, random, log } = this.#context;
    const id = makeUid(await metadata.now(), random.bytes(10));
    const secret = random.bytes(SECRET_BYTES);
    const token = await metadata.createToken({
      id,
      name: input.name,
      owner: input.owner ?? caller.subject,
      rights: [...new Set(input.rights)],
      hash: hashOfSecret(secret),
      ...lifeOf(input),
    });
    const { owner, rights } = token;
    log.info({ credential: id, owner, rights, by: caller.subject }, "API token made");
    return { token, secret: formatCredential("token", id, secret) };
  }

  /** All tokens, also expired and revoked ones, by time of creation. @throws ExpungeError `forbidden` */
  async list(
    caller: Caller,
    query: { readonly limit: number; readonly after?: string },
  ): Promise<Listed<ApiToken>> {
    requireRight(caller, "admin");
    const items = await this.#context.metadata.listTokens({ ...query, limit: query.limit + 1 });
    return pageOf(items, query.limit, ({ id }) => id);
  }

  /**
   * From the moment that this answers, no process takes the token. Idempotent.
   * @throws ExpungeError `token-not-found`, `forbidden`
   */
  async revoke(caller: Caller, id: string): Promise<void> {
    requireRight(caller, "admin");
    await this.#context.metadata.revokeToken(id);
    this.#context.log.info({ credential: id, by: caller.subject }, "API token revoked");
  }

  /**
   * Who a token stands for; null where it is none that was given out. It is read anew each time.
   * @throws ExpungeError `token-expired`, `token-revoked`, told only to whoever has the secret
   */
  async authenticate(text: string): Promise<Caller | null> {
    const shown = parseCredential("token", text);
    const found = shown && (await this.#context.metadata.findToken(shown.id));
    if (!found || !isSameHash(hashOfSecret(shown.secret), found.hash)) return null;
    const { token, at } = found;
    if (token.revokedAt !== null) {
      throw new ExpungeError("token-revoked", "The token was revoked.");
    }
    if (token.expiresAt !== null && token.expiresAt <= at) {
      throw new ExpungeError("token-expired", "The token has expired.");
    }
    await this.#recordUse(found);
    return { subject: token.owner, rights: new Set(token.rights), credential: token.id };
  }

  /** A database that takes no writes for a while must not keep readers out. */
  async #recordUse({ token: { id, lastUsedAt }, at }: FoundToken): Promise<void> {
    const everyMs = LIMITS.tokenUseRecordedEveryMs;
    if (lastUsedAt !== null && lastUsedAt + everyMs > at) return;
    try {
      await this.#context.metadata.recordTokenUse(id, everyMs);
    } catch (error) {
      this.#context.log.warn({ credential: id, err: error }, "a token's use was not recorded");
    }
  }
}

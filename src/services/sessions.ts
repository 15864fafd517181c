import { type Caller, requireRight, type Right } from "../core/caller.ts";
import {
  formatCredential,
  hashOfSecret,
  parseCredential,
  SECRET_BYTES,
  type Session,
} from "../core/credentials.ts";
import { ExpungeError } from "../core/errors.ts";
import { makeUid } from "../core/ids.ts";
import { LIMITS } from "../core/limits.ts";
import type { Instant } from "../core/model.ts";
import type { Context } from "./context.ts";
import { isSameHash } from "./same-hash.ts";

export interface CreateSignInCode {
  /** Whom it signs in; the caller itself when absent. */
  readonly owner?: string;
  /** `admin` when absent. */
  readonly rights?: readonly Right[];
}

/** Sessions of the console: people sign in with a code that works once, and get a secret for a cookie. */
export class Sessions {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** A code by which somebody signs in once, soon. @throws ExpungeError `forbidden` */
  async createCode(
    caller: Caller,
    { owner = caller.subject, rights = ["admin"] }: CreateSignInCode = {},
  ): Promise<{ readonly code: string; readonly expiresAt: Instant }> {
    requireRight(caller, "admin");
    const { id, secret } = await this.#newSecret();
    const expiresAt = await this.#context.metadata.createSignInCode({
      id,
      owner,
      rights: [...new Set(rights)],
      hash: hashOfSecret(secret),
      ttlMs: LIMITS.signInCodeLifeMs,
    });
    this.#context.log.info({ owner, rights, by: caller.subject }, "sign-in code made");
    return { code: formatCredential("code", id, secret), expiresAt };
  }

  /**
   * Uses up the code. `secret` is for the cookie alone.
   * @throws ExpungeError `sign-in-refused` where it is unknown, used or too old
   */
  async signIn(code: string): Promise<{ readonly session: Session; readonly secret: string }> {
    const { metadata, log } = this.#context;
    const shown = parseCredential("code", code);
    const { id, secret } = await this.#newSecret();
    const session =
      shown &&
      (await metadata.redeemSignInCode(shown.id, hashOfSecret(shown.secret), {
        id,
        hash: hashOfSecret(secret),
        ttlMs: LIMITS.sessionLifeMs,
      }));
    if (!session) {
      throw new ExpungeError("sign-in-refused", "The code is unknown, used or too old.");
    }
    log.info({ credential: id, owner: session.owner }, "signed in");
    return { session, secret: formatCredential("session", id, secret) };
  }

  /** The session that a cookie's secret is of; null where there is none, or not any more. */
  async find(text: string): Promise<Session | null> {
    const shown = parseCredential("session", text);
    const found = shown && (await this.#context.metadata.findSession(shown.id));
    if (!found || !isSameHash(hashOfSecret(shown.secret), found.hash)) return null;
    return found.session.expiresAt > found.at ? found.session : null;
  }

  /** From the answer on the session is over, in every process. Idempotent. */
  async end({ id }: Pick<Session, "id">): Promise<void> {
    await this.#context.metadata.endSession(id);
    this.#context.log.info({ credential: id }, "signed out");
  }

  async #newSecret(): Promise<{ readonly id: string; readonly secret: Uint8Array }> {
    const { metadata, random } = this.#context;
    const id = makeUid(await metadata.now(), random.bytes(10));
    return { id, secret: random.bytes(SECRET_BYTES) };
  }
}

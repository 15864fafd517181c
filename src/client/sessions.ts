import type { SessionJson, SignInCodeJson } from "../http/schema/index.ts";
import type { Right } from "../core/caller.ts";
import type { CallOptions, Transport } from "./transport.ts";

/** Whom a code signs in, and what they may do. */
export interface SignInCodeInput {
  /** The caller itself by default. */
  readonly owner?: string;
  /** `admin` by default. */
  readonly rights?: readonly Right[];
}

const CURRENT = "/v1/sessions/current";

/** Sessions of browsers, on pages that the service itself serves: the secret is a cookie. */
export class Sessions {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Makes a link by which somebody signs in once, for admins. Not repeated by itself. */
  async createCode(
    input: SignInCodeInput = {},
    options: CallOptions = {},
  ): Promise<SignInCodeJson> {
    const path = "/v1/sign-in-codes";
    return await this.#transport.json({ ...options, method: "POST", path, json: input });
  }

  /** Uses up the code, and has the browser keep the session. @throws ExpungeClientError `sign-in-refused` */
  async signIn(code: string, options: CallOptions = {}): Promise<SessionJson> {
    const call = { method: "POST", path: "/v1/sessions", json: { code } } as const;
    return await this.#transport.json({ ...options, ...call });
  }

  /** The session of the browser's cookie. @throws ExpungeClientError `unauthorized` */
  async current(options: CallOptions = {}): Promise<SessionJson> {
    return await this.#transport.json({ ...options, path: CURRENT });
  }

  /** Ends the session everywhere at once. */
  async signOut(options: CallOptions = {}): Promise<void> {
    await this.#transport.done({ ...options, method: "DELETE", path: CURRENT });
  }
}

import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
} from "jose";

export const ISSUER = "https://issuer.example";
export const AUDIENCE = "expunge";

const HOUR_SECONDS = 3600;

export interface KeyPair {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export async function makeKey(kid: string, alg = "ES256"): Promise<KeyPair> {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg } };
}

/** Claims that are taken, unless they are changed. */
export function claims(values: JWTPayload = {}): JWTPayload {
  const exp = Math.floor(Date.now() / 1000) + HOUR_SECONDS;
  const scope = "openid projects:read projects:write";
  return { iss: ISSUER, aud: AUDIENCE, sub: "alice", exp, scope, ...values };
}

export async function sign(key: KeyPair, payload: JWTPayload): Promise<string> {
  const { alg, kid } = key;
  return await new SignJWT(payload).setProtectedHeader({ alg, kid }).sign(key.privateKey);
}

/** A server that publishes keys, as an issuer of users' tokens does. */
export interface Issuer extends AsyncDisposable {
  readonly url: string;
  /** How often the keys were asked for. */
  asked: number;
  /** What it publishes. */
  keys: readonly JWK[];
  /** Answers instead of it; null for none. */
  instead: ((response: ServerResponse) => void) | null;
}

export async function startIssuer(...keys: readonly KeyPair[]): Promise<Issuer> {
  const server = createServer((_request, response) => {
    issuer.asked++;
    if (issuer.instead) issuer.instead(response);
    else {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ keys: issuer.keys }));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const issuer: Issuer = {
    url: `http://127.0.0.1:${port}/keys`,
    asked: 0,
    keys: keys.map(({ publicJwk }) => publicJwk),
    instead: null,
    [Symbol.asyncDispose]: async () => {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return issuer;
}

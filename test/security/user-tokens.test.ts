import { createHmac } from "node:crypto";
import { type CryptoKey, exportSPKI, importJWK, SignJWT } from "jose";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { jwtUsers } from "../../src/adapters/jwt-users.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { LIMITS } from "../../src/core/limits.ts";
import type { UserTokens } from "../../src/ports/user-tokens.ts";
import { keptLog } from "../adapters/kept-log.ts";
import {
  AUDIENCE,
  claims,
  ISSUER,
  type Issuer,
  type KeyPair,
  makeKey,
  sign,
  startIssuer,
} from "./issuer.ts";

const ALICE = { subject: "alice", rights: new Set(["projects:read", "projects:write"]) };
const UNAVAILABLE = { code: "keys-unavailable" };

let key: KeyPair;
let issuer: Issuer;
let users: UserTokens;
let log: ReturnType<typeof keptLog>;

beforeEach(async () => {
  key = await makeKey("one");
  issuer = await startIssuer(key);
  users = usersOf(issuer);
});
afterEach(async () => {
  vi.useRealTimers();
  await issuer[Symbol.asyncDispose]();
});

function usersOf({ url: jwksUrl }: Pick<Issuer, "url">): UserTokens {
  log = keptLog("debug");
  const clock = new SystemClock();
  return jwtUsers({ jwksUrl, issuer: ISSUER, audience: AUDIENCE, clock, log: log.log });
}

/** Time goes on for the caches and for the tokens. */
function pass(durationMs: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + durationMs });
}

test("a user's token stands for its subject with those of its scopes that are rights", async () => {
  expect(await users.authenticate(await sign(key, claims()))).toEqual(ALICE);
  const none = await sign(key, claims({ scope: undefined }));
  expect((await users.authenticate(none))?.rights).toEqual(new Set());
  const list = await sign(key, claims({ scope: ["admin"] }));
  expect((await users.authenticate(list))?.rights).toEqual(new Set());
  const near = await sign(key, claims({ scope: "administrator Admin projects:admin" }));
  expect((await users.authenticate(near))?.rights).toEqual(new Set());
  const admin = await sign(key, claims({ scope: "admin" }));
  expect((await users.authenticate(admin))?.rights).toEqual(new Set(["admin"]));
});

test.each(["RS256", "PS256", "ES384", "EdDSA"])(
  "a user's token signed by %s is taken",
  async (alg) => {
    const other = await makeKey("other", alg);
    issuer.keys = [key.publicJwk, other.publicJwk];
    expect(await users.authenticate(await sign(other, claims()))).toEqual(ALICE);
  },
);

test("the subject of the admin token is nobody's but an admin's", async () => {
  const user = await sign(key, claims({ sub: "admin" }));
  await expect(users.authenticate(user)).rejects.toMatchObject({ code: "forbidden" });
  const admin = await sign(key, claims({ sub: "admin", scope: "admin" }));
  expect((await users.authenticate(admin))?.subject).toBe("admin");
});

test.each([
  ["another issuer", { iss: "https://evil.example" }],
  ["no issuer", { iss: undefined }],
  ["another audience", { aud: "another" }],
  ["no audience", { aud: undefined }],
  ["no expiry", { exp: undefined }],
  ["an expiry that is no number", { exp: "never" as unknown as number }],
  ["no subject", { sub: undefined }],
  ["an empty subject", { sub: "" }],
  ["a subject that is no text", { sub: 7 as unknown as string }],
  ["a subject with a control character", { sub: "alice\n" }],
  ["a subject that is too long", { sub: "a".repeat(256) }],
  ["a beginning that is still to come", { nbf: Math.floor(Date.now() / 1000) + 600 }],
])("a user's token with %s stands for nobody", async (_what, values) => {
  const { iss, aud, exp, sub, ...rest } = { ...claims(), ...values };
  const given = Object.entries({ iss, aud, exp, sub, ...rest });
  const payload = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  expect(await users.authenticate(await sign(key, payload))).toBeNull();
});

test("an expired user's token says so, and only when the issuer signed it", async () => {
  const exp = Math.floor(Date.now() / 1000) - LIMITS.jwtClockToleranceSeconds - 5;
  const token = await sign(key, claims({ exp }));
  await expect(users.authenticate(token)).rejects.toMatchObject({ code: "token-expired" });
  const forged = await sign({ ...(await makeKey("one")), kid: "one" }, claims({ exp }));
  expect(await users.authenticate(forged)).toBeNull();
  const within = await sign(key, claims({ exp: Math.floor(Date.now() / 1000) - 1 }));
  expect(await users.authenticate(within)).toEqual(ALICE);
});

test("a token of which one byte was changed stands for nobody", async () => {
  const [head = "", body = "", signature = ""] = (await sign(key, claims())).split(".");
  const other = Buffer.from(JSON.stringify(claims({ sub: "bob" }))).toString("base64url");
  const flipped = (signature.startsWith("A") ? "B" : "A") + signature.slice(1);
  for (const token of [
    `${head}.${other}.${signature}`,
    `${head}.${body}.${flipped}`,
    `${head}.${body}.`,
    `e30.${body}.${signature}`,
  ]) {
    expect(await users.authenticate(token)).toBeNull();
  }
});

test("an unsigned token, and one that is signed with the public key as a secret, stand for nobody", async () => {
  const rsa = await makeKey("rsa", "RS256");
  issuer.keys = [rsa.publicJwk];
  const encode = (value: object): string =>
    Buffer.from(JSON.stringify(value)).toString("base64url");
  const none = `${encode({ alg: "none", kid: "rsa" })}.${encode(claims())}.`;
  expect(await users.authenticate(none)).toBeNull();
  const pem = await exportSPKI((await importJWK(rsa.publicJwk, "RS256")) as CryptoKey);
  for (const secret of [pem, JSON.stringify(rsa.publicJwk)]) {
    const signed = `${encode({ alg: "HS256", kid: "rsa" })}.${encode(claims())}`;
    const signature = createHmac("sha256", secret).update(signed).digest("base64url");
    expect(await users.authenticate(`${signed}.${signature}`)).toBeNull();
  }
  expect(issuer.asked, "no such token makes us ask the issuer").toBe(0);
});

test("a secret that an issuer publishes by mistake signs nothing", async () => {
  const secret = new Uint8Array(32).fill(1);
  issuer.keys = [{ kty: "oct", k: Buffer.from(secret).toString("base64url"), kid: "s" }];
  const header = { alg: "HS256", kid: "s" };
  const token = await new SignJWT(claims()).setProtectedHeader(header).sign(secret);
  expect(await users.authenticate(token)).toBeNull();
});

test("a key that was rotated in is fetched, and an unknown one does not make us ask again and again", async () => {
  expect(await users.authenticate(await sign(key, claims()))).toEqual(ALICE);
  const next = await makeKey("two");
  issuer.keys = [next.publicJwk];
  const unknown = await sign(await makeKey("three"), claims());
  expect(await users.authenticate(await sign(next, claims()))).toBeNull();
  pass(LIMITS.jwksCooldownMs + 1000);
  expect(await users.authenticate(await sign(next, claims()))).toEqual(ALICE);
  expect(issuer.asked).toBe(2);
  for (let times = 0; times < 20; times++) {
    expect(await users.authenticate(unknown)).toBeNull();
  }
  expect(issuer.asked).toBe(2);
  expect(await users.authenticate(await sign(key, claims())), "rotated out").toBeNull();
});

test("many users' tokens at once ask the issuer once", async () => {
  const token = await sign(key, claims());
  const answers = await Promise.all(Array.from({ length: 20 }, () => users.authenticate(token)));
  expect(answers.every((caller) => caller?.subject === "alice")).toBe(true);
  expect(issuer.asked).toBe(1);
});

test("an issuer that is down lets nobody in and is no fault of the token", async () => {
  await issuer[Symbol.asyncDispose]();
  const token = await sign(key, claims());
  await expect(users.authenticate(token)).rejects.toMatchObject(UNAVAILABLE);
  await expect(users.authenticate("a.b.c")).resolves.toBeNull();
});

test.each([
  ["an error", (end: (status: number, body: string) => void) => end(500, "{}")],
  ["a redirect", (end: (status: number, body: string) => void) => end(302, "")],
  ["what is no JSON", (end: (status: number, body: string) => void) => end(200, "<html>")],
  ["what are no keys", (end: (status: number, body: string) => void) => end(200, '{"a":1}')],
])("an issuer that answers with %s is left alone for a moment", async (_what, answer) => {
  issuer.instead = (response) =>
    answer((status, body) => response.writeHead(status, { location: "/keys" }).end(body));
  const token = await sign(key, claims());
  for (let times = 0; times < 5; times++) {
    await expect(users.authenticate(token)).rejects.toMatchObject(UNAVAILABLE);
  }
  expect(issuer.asked).toBe(1);
  issuer.instead = null;
  pass(LIMITS.jwksPauseMs + 100);
  expect(await users.authenticate(token)).toEqual(ALICE);
});

test("keys that were fetched serve while the issuer is down, until they are too old", async () => {
  const token = await sign(key, claims());
  await users.authenticate(token);
  await issuer[Symbol.asyncDispose]();
  pass(LIMITS.jwksCooldownMs + 1000);
  await expect(
    users.authenticate(await sign(await makeKey("new"), claims())),
  ).rejects.toMatchObject(UNAVAILABLE);
  expect(await users.authenticate(token)).toEqual(ALICE);
  pass(LIMITS.jwksKeptMs);
  await expect(users.authenticate(token)).rejects.toMatchObject(UNAVAILABLE);
});

test("the log says why a user's token was not taken, and nothing that stands in it", async () => {
  const token = await sign(key, claims({ aud: "another" }));
  await users.authenticate(token);
  expect(log.events()).toMatchObject([{ reason: "ERR_JWT_CLAIM_VALIDATION_FAILED", claim: "aud" }]);
  expect(log.lines.join("")).not.toContain("alice");
});

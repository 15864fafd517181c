import { afterEach, expect, test } from "vitest";
import type { Caller } from "../../src/core/caller.ts";
import type { Context } from "../../src/services/context.ts";
import { Tokens } from "../../src/services/tokens.ts";
import { ADMIN, makeService, type TestService } from "../support/context.ts";
import { withMethods } from "../support/methods.ts";

const ALICE: Caller = {
  subject: "alice",
  rights: new Set(["projects:read", "projects:write", "projects:delete"]),
};

const running: TestService[] = [];
afterEach(async () => {
  for (const service of running.splice(0)) await service.stop();
});

async function make(): Promise<TestService> {
  const service = await makeService({ work: false });
  running.push(service);
  return service;
}

test("a token stands for its owner with its rights, and none of it is its secret in the database", async () => {
  const { services, metadata } = await make();
  const { token, secret } = await services.tokens.create(ADMIN, {
    name: "uploads",
    owner: "alice",
    rights: ["projects:write", "projects:write"],
  });
  expect(token).toMatchObject({ owner: "alice", rights: ["projects:write"], expiresAt: null });
  expect(await services.tokens.authenticate(secret)).toEqual({
    subject: "alice",
    rights: new Set(["projects:write"]),
    credential: token.id,
  });
  const [, shown = ""] = secret.split(`${token.id}_`);
  const dump = JSON.stringify([...metadata.snapshot().rows.tokens]);
  expect(shown).toHaveLength(43);
  expect(dump).toContain(token.id);
  expect(dump).not.toContain(shown);
});

test("a wrong secret, an unknown id and a text of another kind all stand for nobody", async () => {
  const { services } = await make();
  const input = { name: "a", rights: ["projects:read"] as const };
  const one = await services.tokens.create(ADMIN, input);
  const two = await services.tokens.create(ADMIN, input);
  const crossed = one.secret.replace(one.token.id, two.token.id);
  const unknown = one.secret.replace(one.token.id, "0".repeat(26));
  for (const text of [crossed, unknown, "admin", "", "xp_admin_x"]) {
    expect(await services.tokens.authenticate(text)).toBeNull();
  }
  expect((await services.tokens.authenticate(one.secret))?.subject).toBe("admin");
});

test("an expired token says so, and a wrong secret for it does not", async () => {
  const { services } = await make();
  const { token, secret } = await services.tokens.create(ADMIN, {
    name: "a",
    rights: ["projects:read"],
    expiresAt: 1,
  });
  await expect(services.tokens.authenticate(secret)).rejects.toMatchObject({
    code: "token-expired",
  });
  const wrong = `${secret.slice(0, -5)}AAAAA`.replace(/.$/, "A");
  expect(await services.tokens.authenticate(wrong)).toBeNull();
  expect(token.expiresAt).toBe(1);
});

test("a token that lives is taken until its last instant by the database's clock", async () => {
  const { services } = await make();
  const { secret } = await services.tokens.create(ADMIN, {
    name: "a",
    rights: ["projects:read"],
    ttlMs: 3_600_000,
  });
  expect(await services.tokens.authenticate(secret)).not.toBeNull();
});

test("a revocation holds at once in another process on the same database", async () => {
  const { services, context } = await make();
  const other = new Tokens(context);
  const { token, secret } = await services.tokens.create(ADMIN, {
    name: "a",
    rights: ["projects:read"],
  });
  expect(await other.authenticate(secret)).not.toBeNull();
  await services.tokens.revoke(ADMIN, token.id);
  await services.tokens.revoke(ADMIN, token.id);
  for (const tokens of [services.tokens, other]) {
    await expect(tokens.authenticate(secret)).rejects.toMatchObject({ code: "token-revoked" });
  }
});

test("only an admin makes, lists and revokes tokens", async () => {
  const { services } = await make();
  const { tokens } = services;
  const { token } = await tokens.create(ADMIN, { name: "a", rights: ["admin"] });
  const refused = { code: "forbidden" };
  await expect(tokens.create(ALICE, { name: "a", rights: ["admin"] })).rejects.toMatchObject(
    refused,
  );
  await expect(tokens.list(ALICE, { limit: 1 })).rejects.toMatchObject(refused);
  await expect(tokens.revoke(ALICE, token.id)).rejects.toMatchObject(refused);
  await expect(tokens.revoke(ADMIN, "none")).rejects.toMatchObject({ code: "token-not-found" });
  expect(await tokens.list(ADMIN, { limit: 1 })).toEqual({ items: [token], next: null });
});

test("a token's use is written once a minute, and a database that takes no writes keeps nobody out", async () => {
  const { services, context, metadata, log } = await make();
  const { token, secret } = await services.tokens.create(ADMIN, {
    name: "a",
    rights: ["projects:read"],
  });
  let writes = 0;
  const failing: Context = {
    ...context,
    metadata: withMethods(context.metadata, {
      recordTokenUse: async () => {
        writes++;
        throw new Error("read-only");
      },
    }),
  };
  expect(await new Tokens(failing).authenticate(secret)).not.toBeNull();
  expect(log.events()).toContainEqual(
    expect.objectContaining({ level: "warn", credential: token.id }),
  );
  await services.tokens.authenticate(secret);
  const { lastUsedAt } = (await metadata.findToken(token.id))?.token ?? {};
  expect(lastUsedAt).toBeGreaterThan(0);
  await new Tokens(failing).authenticate(secret);
  expect(writes).toBe(1);
  for (const line of log.lines) expect(line).not.toContain(secret.slice(-43));
});

import { describe, expect, test } from "vitest";
import type { ApiToken } from "../../../src/core/credentials.ts";
import type { NewToken } from "../../../src/ports/metadata/index.ts";
import {
  expectAbout,
  expectCode,
  type Fixture,
  LONG_MS,
  newUid,
  PAST_SHORT_MS,
  SHORT_MS,
} from "./fixture.ts";

function newToken(values: Partial<NewToken> = {}): NewToken {
  return {
    id: newUid(),
    name: "uploads",
    owner: "alice",
    rights: ["projects:read", "projects:write"],
    hash: "5e".repeat(32),
    ttlMs: null,
    expiresAt: null,
    ...values,
  };
}

async function read(fixture: Fixture, id: string): Promise<ApiToken> {
  const found = await fixture.store.findToken(id);
  if (!found) throw new Error("there should be a token");
  return found.token;
}

export function tokensContract(fixture: Fixture): void {
  describe("API tokens", () => tokens(fixture));
  describe("the end and the use of API tokens", () => endAndUse(fixture));
}

function tokens(fixture: Fixture): void {
  test("a token is found by its id with its hash and the time of reading", async () => {
    const { store } = fixture;
    const input = newToken();
    const made = await store.createToken(input);
    expect(made).toEqual({
      id: input.id,
      name: "uploads",
      owner: "alice",
      rights: ["projects:read", "projects:write"],
      createdAt: made.createdAt,
      expiresAt: null,
      revokedAt: null,
      lastUsedAt: null,
    });
    expectAbout(made.createdAt, await store.now());
    const found = await store.findToken(input.id);
    expect(found).toEqual({ token: made, hash: input.hash, at: found?.at });
    expectAbout(found?.at, await store.now());
    expect(await store.findToken(newUid())).toBeNull();
  });

  test("tokens are listed page by page in the order in which they were made", async () => {
    const { store } = fixture;
    const made = [];
    for (const name of ["a", "b", "c"]) made.push(await store.createToken(newToken({ name })));
    expect(await store.listTokens({ limit: 10 })).toEqual(made);
    const [first, second] = made;
    expect(await store.listTokens({ limit: 1 })).toEqual([first]);
    expect(await store.listTokens({ limit: 1, after: first?.id ?? "" })).toEqual([second]);
  });

  test("a token's expiry is counted from the database's now, unless an instant is given", async () => {
    const { store } = fixture;
    const counted = await store.createToken(newToken({ ttlMs: LONG_MS }));
    expect(counted.expiresAt).toBe(counted.createdAt + LONG_MS);
    const given = await store.createToken(newToken({ ttlMs: LONG_MS, expiresAt: 5 }));
    expect(given.expiresAt).toBe(5);
  });
}

function endAndUse(fixture: Fixture): void {
  test("a revoked token stays, with the time of its first revocation", async () => {
    const { store } = fixture;
    const { id } = await store.createToken(newToken());
    const other = await store.createToken(newToken());
    const revoked = await store.revokeToken(id);
    expectAbout(revoked.revokedAt, await store.now());
    await fixture.advance(PAST_SHORT_MS);
    expect(await store.revokeToken(id)).toEqual(revoked);
    expect(await read(fixture, id)).toEqual(revoked);
    expect(await read(fixture, other.id)).toEqual(other);
    await expectCode(store.revokeToken(newUid()), "token-not-found");
  });

  test("a token's use is noted once in each span, and for an unknown id nothing happens", async () => {
    const { store } = fixture;
    const { id } = await store.createToken(newToken());
    await store.recordTokenUse(id, LONG_MS);
    const { lastUsedAt } = await read(fixture, id);
    expectAbout(lastUsedAt, await store.now());
    await fixture.advance(PAST_SHORT_MS);
    await store.recordTokenUse(id, LONG_MS);
    expect((await read(fixture, id)).lastUsedAt).toBe(lastUsedAt);
    await store.recordTokenUse(id, SHORT_MS);
    expect((await read(fixture, id)).lastUsedAt).toBeGreaterThan(lastUsedAt ?? 0);
    await store.recordTokenUse(newUid(), SHORT_MS);
    expect(await store.listTokens({ limit: 10 })).toHaveLength(1);
  });
}

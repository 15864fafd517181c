import { describe, expect, test } from "vitest";
import type { NewSession, NewSignInCode } from "../../../src/ports/metadata/index.ts";
import { expectAbout, type Fixture, LONG_MS, newUid, PAST_SHORT_MS, SHORT_MS } from "./fixture.ts";

const HASH = "c0".repeat(32);

function newCode(values: Partial<NewSignInCode> = {}): NewSignInCode {
  const rights = ["projects:read", "admin"] as const;
  return { id: newUid(), owner: "alice", rights, hash: HASH, ttlMs: LONG_MS, ...values };
}

function newSession(values: Partial<NewSession> = {}): NewSession {
  return { id: newUid(), hash: "5e".repeat(32), ttlMs: LONG_MS, ...values };
}

export function sessionsContract(fixture: Fixture): void {
  describe("sign-in codes and sessions", () => sessions(fixture));
}

function sessions(fixture: Fixture): void {
  test("a code makes one session, of whom it is for and with its rights, and is gone", async () => {
    const { store } = fixture;
    const code = newCode();
    expectAbout(await store.createSignInCode(code), (await store.now()) + LONG_MS);
    const input = newSession();
    const session = await store.redeemSignInCode(code.id, HASH, input);
    expect(session).toMatchObject({ id: input.id, owner: "alice", rights: code.rights });
    expect(session?.expiresAt).toBe((session?.createdAt ?? 0) + LONG_MS);
    const found = await store.findSession(input.id);
    expect(found).toEqual({ session, hash: input.hash, at: found?.at });
    expectAbout(found?.at, await store.now());
    expect(await store.redeemSignInCode(code.id, HASH, newSession())).toBeNull();
  });

  test("a wrong hash uses no code up, and an unknown id makes no session", async () => {
    const { store } = fixture;
    const code = newCode();
    await store.createSignInCode(code);
    const refused = newSession();
    expect(await store.redeemSignInCode(code.id, "00".repeat(32), refused)).toBeNull();
    expect(await store.redeemSignInCode(newUid(), HASH, refused)).toBeNull();
    expect(await store.findSession(refused.id)).toBeNull();
    expect(await store.redeemSignInCode(code.id, HASH, newSession())).not.toBeNull();
  });

  test("of several who show one code at the same time exactly one gets a session", async () => {
    const { store } = fixture;
    const code = newCode();
    await store.createSignInCode(code);
    const made = await Promise.all(
      Array.from({ length: 5 }, () => store.redeemSignInCode(code.id, HASH, newSession())),
    );
    expect(made.filter((session) => session !== null)).toHaveLength(1);
  });

  test("a code that is too old makes no session, and sessions that are over are taken away", async () => {
    const { store } = fixture;
    const [soon, old, fresh] = [newCode(), newCode({ ttlMs: SHORT_MS }), newCode()];
    for (const code of [soon, old, fresh]) await store.createSignInCode(code);
    const short = newSession({ ttlMs: SHORT_MS });
    expect(await store.redeemSignInCode(soon.id, HASH, short)).not.toBeNull();
    await fixture.advance(PAST_SHORT_MS);
    const over = await store.findSession(short.id);
    expect(over?.at).toBeGreaterThanOrEqual(over?.session.expiresAt ?? Number.MAX_VALUE);
    expect(await store.redeemSignInCode(old.id, HASH, newSession())).toBeNull();
    expect(await store.findSession(short.id)).toBeNull();
    expect(await store.redeemSignInCode(fresh.id, HASH, newSession())).not.toBeNull();
  });

  test("a session that was ended is gone, also when it is ended again", async () => {
    const { store } = fixture;
    const code = newCode();
    await store.createSignInCode(code);
    const { id } = newSession();
    await store.redeemSignInCode(code.id, HASH, newSession({ id }));
    for (let times = 0; times < 2; times++) {
      await store.endSession(id);
      expect(await store.findSession(id)).toBeNull();
    }
  });
}

import { expect, test } from "vitest";
import { ADMIN, makeService } from "../support/context.ts";

test("a code signs in once, and neither it nor the session's secret lies in the database or the log", async () => {
  const { services, metadata, log, stop } = await makeService({ work: false });
  const { sessions } = services;
  const { code } = await sessions.createCode(ADMIN);
  expect(code).toMatch(/^xp_code_\w{26}_[\w-]{43}$/);
  const { session, secret } = await sessions.signIn(code);
  expect(session).toMatchObject({ owner: "admin", rights: ["admin"] });
  expect(await sessions.find(secret)).toEqual(session);
  await expect(sessions.signIn(code)).rejects.toMatchObject({ code: "sign-in-refused" });
  const { code: other } = await sessions.createCode(ADMIN);
  const { sessions: rows, signInCodes } = metadata.snapshot().rows;
  const kept = JSON.stringify([[...rows], [...signInCodes]]) + log.text();
  for (const text of [code, secret, other]) expect(kept).not.toContain(text.slice(-43));
  await stop();
});

test("what is no code signs nobody in, and what is no session's secret stands for nobody", async () => {
  const { services, stop } = await makeService({ work: false });
  const { sessions } = services;
  const { code } = await sessions.createCode(ADMIN, { owner: "alice", rights: ["projects:read"] });
  for (const wrong of ["", "admin", code.replace("xp_code_", "xp_session_"), `${code}A`]) {
    await expect(sessions.signIn(wrong)).rejects.toMatchObject({ code: "sign-in-refused" });
  }
  const { session, secret } = await sessions.signIn(code);
  expect(session).toMatchObject({ owner: "alice", rights: ["projects:read"] });
  const end = secret.endsWith("A") ? "E" : "A";
  const unknown = secret.replace(session.id, "0".repeat(26));
  for (const wrong of [code, unknown, secret.slice(0, -1) + end]) {
    expect(await sessions.find(wrong)).toBeNull();
  }
  await stop();
});

test("a session is over when it was ended, and when its time is", async () => {
  const { services, context, metadata, stop } = await makeService({ work: false });
  const { sessions } = services;
  const { code } = await sessions.createCode(ADMIN);
  const { session, secret } = await sessions.signIn(code);
  const snapshot = metadata.snapshot();
  const row = snapshot.rows.sessions.get(session.id);
  if (!row) throw new Error("there should be a session");
  snapshot.rows.sessions.set(session.id, { ...row, expiresAt: context.clock.now() });
  metadata.restore(snapshot);
  expect(await sessions.find(secret)).toBeNull();
  snapshot.rows.sessions.set(session.id, row);
  metadata.restore(snapshot);
  expect(await sessions.find(secret)).not.toBeNull();
  await sessions.end(session);
  expect(await sessions.find(secret)).toBeNull();
  await stop();
});

test("only an admin makes codes", async () => {
  const { services, stop } = await makeService({ work: false });
  const alice = {
    subject: "alice",
    rights: new Set(["projects:read", "projects:delete"] as const),
  };
  await expect(services.sessions.createCode(alice)).rejects.toMatchObject({ code: "forbidden" });
  await stop();
});

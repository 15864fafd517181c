import { Kysely, sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openPostgres, type PoolBounds } from "../../src/adapters/postgres/open.ts";
import type { Tables } from "../../src/adapters/postgres/schema.ts";
import {
  DATABASE_CLOCK,
  read,
  readNow,
  type Session,
  transact,
} from "../../src/adapters/postgres/session.ts";
import { DatabaseError, type DatabaseErrorCode } from "../../src/core/database-errors.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { errorLog } from "../contract/jobs-fixture.ts";
import { failureOf } from "../contract/metadata/fixture.ts";
import { postgresUrl, useDatabase } from "../servers/given.ts";
import { runSql } from "../servers/postgres.ts";
import { TcpProxy } from "../servers/tcp-proxy.ts";

const url = useDatabase();
let proxy: TcpProxy;
const opened: Kysely<Tables>[] = [];

beforeAll(async () => {
  await runSql(url(), "create table notes (text text primary key)");
  proxy = await TcpProxy.start(Number(new URL(postgresUrl()).port || 5432));
});

afterEach(async () => {
  proxy.fate = () => "pass";
  for (const db of opened.splice(0)) await db.destroy();
});

afterAll(async () => {
  await proxy.close();
});

/** A process's connections to the database, by a line that can break. */
async function open(bounds: Partial<PoolBounds> = {}, line = proxy): Promise<Session> {
  const { dialect } = await openPostgres(line.through(url()), errorLog().log, bounds);
  const db = new Kysely<Tables>({ dialect });
  opened.push(db);
  return { db, clock: DATABASE_CLOCK };
}

async function insert(session: Session, text: string): Promise<void> {
  await transact(session, async (tx) => {
    await sql`insert into notes values (${text})`.execute(tx.db);
  });
}

async function has(session: Session, text: string): Promise<boolean> {
  return await read(session, async ({ db }) => {
    const { rows } = await sql`select from notes where text = ${text}`.execute(db);
    return rows.length === 1;
  });
}

async function expectFailure(
  call: Promise<unknown>,
  code: DatabaseErrorCode,
  effectUnknown = false,
): Promise<void> {
  const failure = await failureOf(call);
  expect(failure).toBeInstanceOf(DatabaseError);
  expect(failure).toMatchObject({ code, effectUnknown });
}

/** With its end, since "read committed" is something else. */
const COMMIT = "commit\0";

/** Sentences of the protocol hold their words as they are. */
const says =
  (word: string) =>
  (sent: Buffer): boolean =>
    sent.includes(word);

describe("a connection that is lost", () => {
  test("before the COMMIT is sent nothing happened, and the transaction begins again by itself", async () => {
    const session = await open();
    let cuts = 0;
    proxy.fate = (sent) => (says("insert into notes")(sent) && ++cuts <= 3 ? "cut" : "pass");
    await insert(session, "begun again");
    expect(cuts).toBe(4);
    expect(await has(session, "begun again")).toBe(true);
  });

  test("each time that it is tried ends with an error that says that nothing happened", async () => {
    const session = await open();
    let cuts = 0;
    proxy.fate = (sent) => {
      if (!says("insert into notes")(sent)) return "pass";
      cuts++;
      return "cut";
    };
    await expectFailure(insert(session, "never"), "connection-lost");
    expect(cuts).toBe(LIMITS.transactionAttemptsMax);
    expect(await has(session, "never")).toBe(false);
  });

  test("with the COMMIT on its way leaves the effect unknown; a look says that there is none", async () => {
    const session = await open();
    proxy.fate = (sent) => (says(COMMIT)(sent) ? "cut" : "pass");
    await expectFailure(insert(session, "not committed"), "connection-lost", true);
    expect(await has(session, "not committed")).toBe(false);
  });

  test("with the answer to the COMMIT leaves the effect unknown; a look says that it is there", async () => {
    const session = await open();
    proxy.fate = (sent) => (says(COMMIT)(sent) ? "cut-answer" : "pass");
    await expectFailure(insert(session, "committed"), "connection-lost", true);
    expect(await has(session, "committed")).toBe(true);
  });

  test("by the server, on a process that fell silent in a transaction, frees its locks below the lease", async () => {
    const [silent, other] = [await open(), await open()];
    await insert(silent, "locked");
    const lock = async (tx: Session): Promise<void> => {
      await sql`select from notes where text = 'locked' for update`.execute(tx.db);
    };
    const locked = Promise.withResolvers<void>();
    const wake = Promise.withResolvers<void>();
    let begun = 0;
    const holding = transact(silent, async (tx) => {
      await lock(tx);
      if (++begun > 1) return;
      locked.resolve();
      await wake.promise;
    });
    await locked.promise;
    const since = performance.now();
    await transact(other, lock);
    expect(performance.now() - since).toBeLessThan(LIMITS.leaseMs / 2);
    wake.resolve();
    await holding;
    expect(begun, "it begins again, since nothing of it happened").toBe(2);
  });

  test("in the midst of a transaction that waits for something else ends no process", async () => {
    const session = await open();
    let begun = 0;
    await transact(session, async (tx) => {
      await sql`insert into notes values ('waited')`.execute(tx.db);
      if (++begun > 1) return;
      const before = proxy.connections;
      proxy.cut();
      expect(before).toBeGreaterThan(0);
      // The news of it has come, with no statement under way that could be told.
      await new Promise((resolve) => setTimeout(resolve, 50));
    });
    expect(begun).toBe(2);
    expect(await has(session, "waited")).toBe(true);
  });

  test("while it is idle is replaced, unseen by the next call", async () => {
    const session = await open();
    await Promise.all(Array.from({ length: 5 }, (_, i) => insert(session, `idle ${i}`)));
    expect(proxy.connections).toBeGreaterThan(1);
    proxy.cut();
    expect(await has(session, "idle 0")).toBe(true);
    await insert(session, "after idle");
  });

  test("by the server's own doing is reported like any other", async () => {
    const session = await open();
    let begun = 0;
    const ended = transact(session, async (tx) => {
      begun++;
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx.db);
    });
    await expectFailure(ended, "connection-lost");
    expect(begun).toBe(LIMITS.transactionAttemptsMax);
    expect(await readNow(session)).toBeGreaterThan(0);
  });
});

describe("a database that does not answer", () => {
  test("a statement beyond its time is broken off by the server, and the pool goes on", async () => {
    const session = await open({ statementTimeoutMs: 200 });
    const before = performance.now();
    const slow = transact(session, async (tx) => {
      await sql`insert into notes values ('slow')`.execute(tx.db);
      await sql`select pg_sleep(20)`.execute(tx.db);
    });
    await expectFailure(slow, "timeout");
    expect(performance.now() - before).toBeLessThan(5000);
    expect(await has(session, "slow")).toBe(false);
  });

  test("a connection that has silently died costs one bounded wait, and is not used again", async () => {
    const session = await open({ connections: 1, queryTimeoutMs: 1000 });
    await readNow(session);
    proxy.fate = (sent) => (says("insert into notes")(sent) ? "swallow" : "pass");
    const before = performance.now();
    await expectFailure(insert(session, "swallowed"), "timeout");
    // One wait, not one more for the rollback.
    expect(performance.now() - before).toBeLessThan(1900);
    proxy.fate = () => "pass";
    await insert(session, "after the silence");
    expect(await has(session, "swallowed")).toBe(false);
  });

  test("a read on a connection that has silently died leaves it to nobody after it", async () => {
    const session = await open({ connections: 1, queryTimeoutMs: 1000 });
    await insert(session, "read later");
    proxy.fate = (sent) => (says("select from notes")(sent) ? "swallow" : "pass");
    await expectFailure(has(session, "read later"), "timeout");
    proxy.fate = () => "pass";
    expect(await has(session, "read later")).toBe(true);
  });

  test("a COMMIT whose answer does not come in time leaves the effect unknown", async () => {
    const session = await open({ queryTimeoutMs: 300 });
    proxy.fate = (sent) => (says(COMMIT)(sent) ? "swallow" : "pass");
    await expectFailure(insert(session, "unanswered"), "timeout", true);
  });

  test("a pool that is full waits for a while, then says so", async () => {
    const session = await open({ connections: 2, connectTimeoutMs: 300 });
    const { promise: end, resolve } = Promise.withResolvers<void>();
    const holders = [1, 2].map((i) =>
      transact(session, async (tx) => {
        await sql`insert into notes values (${`held ${i}`})`.execute(tx.db);
        await end;
      }),
    );
    await expectFailure(insert(session, "too many"), "busy");
    const waiting = insert(session, "patient");
    resolve();
    await Promise.all([...holders, waiting]);
    expect(await has(session, "patient")).toBe(true);
    expect(await has(session, "too many")).toBe(false);
  });

  test("a server that cannot be reached any more is reported at once", async () => {
    const line = await TcpProxy.start(Number(new URL(url()).port));
    const session = await open({}, line);
    await readNow(session);
    await line.close();
    await expectFailure(insert(session, "unreachable"), "unreachable");
  });
});

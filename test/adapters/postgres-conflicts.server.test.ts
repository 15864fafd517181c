import { Kysely, sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPostgres } from "../../src/adapters/postgres/open.ts";
import type { Tables } from "../../src/adapters/postgres/schema.ts";
import { DATABASE_CLOCK, type Session, transact } from "../../src/adapters/postgres/session.ts";
import { DatabaseError } from "../../src/core/database-errors.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { errorLog } from "../contract/jobs-fixture.ts";
import { failureOf } from "../contract/metadata/fixture.ts";
import { useDatabase } from "../servers/given.ts";

const url = useDatabase();
let db: Kysely<Tables>;

beforeAll(async () => {
  const { dialect } = await openPostgres(url(), errorLog().log);
  db = new Kysely<Tables>({ dialect });
  await sql`create table counters (name text primary key, value int not null)`.execute(db);
  await sql`insert into counters values ('a', 0), ('b', 0)`.execute(db);
});

afterAll(async () => {
  await db.destroy();
});

const session = (): Session => ({ db, clock: DATABASE_CLOCK });

/** Lets two go on when both have come, and everybody after that. */
function meeting(): () => Promise<void> {
  let waiting = 2;
  const { promise, resolve } = Promise.withResolvers<void>();
  return async () => {
    if (--waiting <= 0) resolve();
    await promise;
  };
}

async function add(tx: Session, name: string): Promise<void> {
  await sql`update counters set value = value + 1 where name = ${name}`.execute(tx.db);
}

async function valueOf(tx: Session, name: string): Promise<number> {
  const { rows } = await sql<{ value: number }>`
    select value from counters where name = ${name}`.execute(tx.db);
  return rows[0]?.value ?? 0;
}

test("of two transactions that wait for each other one begins again, and both are done", async () => {
  const meet = meeting();
  let begun = 0;
  const both = (first: string, second: string): Promise<void> =>
    transact(session(), async (tx) => {
      begun++;
      await add(tx, first);
      await meet();
      await add(tx, second);
    });
  await Promise.all([both("a", "b"), both("b", "a")]);
  expect(begun).toBe(3);
  expect([await valueOf(session(), "a"), await valueOf(session(), "b")]).toEqual([2, 2]);
});

test("a transaction that could not be serialised begins again and reads anew", async () => {
  const before = await valueOf(session(), "a");
  const meet = meeting();
  let begun = 0;
  const readAndAdd = (): Promise<void> =>
    transact(session(), async (tx) => {
      begun++;
      await sql`set transaction isolation level repeatable read`.execute(tx.db);
      const value = await valueOf(tx, "a");
      await meet();
      await sql`update counters set value = ${value + 1} where name = 'a'`.execute(tx.db);
    });
  await Promise.all([readAndAdd(), readAndAdd()]);
  expect(begun).toBe(3);
  expect(await valueOf(session(), "a")).toBe(before + 2);
});

test("a transaction that others come in the way of each time ends as one that may be repeated", async () => {
  let begun = 0;
  const failure = await failureOf(
    transact(session(), async (tx) => {
      begun++;
      await sql`set transaction isolation level repeatable read`.execute(tx.db);
      await valueOf(tx, "a");
      await transact(session(), (other) => add(other, "a"));
      await add(tx, "a");
    }),
  );
  expect(begun).toBe(LIMITS.transactionAttemptsMax);
  expect(failure).toBeInstanceOf(DatabaseError);
  expect(failure).toMatchObject({ code: "contended", effectUnknown: false });
});

import { setTimeout } from "node:timers/promises";
import { Kysely, sql } from "kysely";
import { PgBoss, fromPglite } from "pg-boss";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type EmbeddedDatabase, openInMemory } from "../../src/adapters/pglite/open.ts";
import { Mutex } from "../../src/adapters/pglite/mutex.ts";
import { PostgresMetadataStore } from "../../src/adapters/postgres/metadata-store.ts";
import { type Upkeep, UpkeepSchedule } from "../../src/adapters/postgres/upkeep.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { entryOf, makeProject, verifying } from "../contract/metadata/fixture.ts";

interface Tables {
  readonly notes: { text: string };
}

let database: EmbeddedDatabase;
let db: Kysely<Tables>;

beforeAll(async () => {
  database = await openInMemory();
  db = new Kysely<Tables>({ dialect: database.dialect });
});

afterAll(async () => {
  await database.close();
});

beforeEach(async () => {
  await database.session.exec(
    "drop table if exists notes; create table notes (text text not null)",
  );
});

async function notes(): Promise<readonly string[]> {
  const { rows } = await database.session.query<{ text: string }>("select text from notes");
  return rows.map(({ text }) => text).sort();
}

/** A transaction that has written and then waits to be told how to end. */
async function openTransaction(text: string): Promise<(fail: boolean) => Promise<void>> {
  const { promise: decided, resolve: decide } = Promise.withResolvers<boolean>();
  const { promise: written, resolve: hasWritten } = Promise.withResolvers<void>();
  const ended = db.transaction().execute(async (tx) => {
    await tx.insertInto("notes").values({ text }).execute();
    hasWritten();
    if (await decided) throw new Error("rolled back");
  });
  await written;
  return async (fail) => {
    decide(fail);
    await ended.catch((error: unknown) => expect(error).toHaveProperty("message", "rolled back"));
  };
}

describe("embedded database: one session, many users", () => {
  test("transactions that overlap in time do not get into one another", async () => {
    const end = await openTransaction("first");
    const second = db.transaction().execute(async (tx) => {
      await tx.insertInto("notes").values({ text: "second" }).execute();
      return await tx.selectFrom("notes").select("text").execute();
    });
    const plain = db.insertInto("notes").values({ text: "plain" }).execute();
    const count = db.selectFrom("notes").select("text").execute();
    await end(true);
    expect(await second).toEqual([{ text: "second" }]);
    await plain;
    expect(await count).toHaveLength(2);
    expect(await notes()).toEqual(["plain", "second"]);
  });

  test("a second kysely on the same database waits for the transaction of the first", async () => {
    const other = new Kysely<Tables>({ dialect: database.dialect });
    const end = await openTransaction("first");
    const seen = other.transaction().execute(async (tx) => {
      await tx.insertInto("notes").values({ text: "other" }).execute();
      return await tx.selectFrom("notes").select("text").execute();
    });
    await end(true);
    expect(await seen).toEqual([{ text: "other" }]);
    expect(await notes()).toEqual(["other"]);
  });

  test("what goes past kysely waits for a transaction, with and without the mutex", async () => {
    const end = await openTransaction("first");
    const polite = database.session.query("insert into notes values ('polite')");
    const rude = database.pglite.query("insert into notes values ('rude')");
    await end(true);
    await Promise.all([polite, rude]);
    expect(await notes()).toEqual(["polite", "rude"]);
  });

  test("a block of statements that fails midway leaves nothing to the next transaction", async () => {
    const { session } = database;
    const broken = session.exec("begin; insert into notes values ('lost'); select 1/0; commit");
    const next = db.transaction().execute(async (tx) => {
      await tx.insertInto("notes").values({ text: "next" }).execute();
    });
    await expect(broken).rejects.toThrow("division by zero");
    await next;
    expect(await notes()).toEqual(["next"]);
  });

  test("a failing statement rolls its transaction back, and the next one works", async () => {
    const failing = db.transaction().execute(async (tx) => {
      await tx.insertInto("notes").values({ text: "lost" }).execute();
      await sql`select 1/0`.execute(tx);
    });
    await expect(failing).rejects.toThrow("division by zero");
    await db.transaction().execute(async (tx) => {
      await tx.insertInto("notes").values({ text: "kept" }).execute();
    });
    expect(await notes()).toEqual(["kept"]);
  });

  test("a transaction on a closed database fails instead of waiting for ever", async () => {
    const other = await openInMemory();
    await other.close();
    const late = new Kysely<Tables>({ dialect: other.dialect }).transaction();
    await expect(late.execute(async () => {})).rejects.toThrow("closed");
  });

  test("the job queue on the same session does not get into transactions, nor they into it", async () => {
    const boss = new PgBoss({
      db: fromPglite(database.session),
      backend: "pglite",
      schedule: false,
    });
    const failures: unknown[] = [];
    boss.on("error", (error) => failures.push(error));
    await boss.start();
    await boss.createQueue("work");
    const end = await openTransaction("first");
    const sent = Promise.all(Array.from({ length: 10 }, () => boss.send("work", {})));
    const done = db.transaction().execute(async (tx) => {
      await tx.insertInto("notes").values({ text: "second" }).execute();
    });
    await end(true);
    await done;
    expect(new Set(await sent).size).toBe(10);
    expect(await boss.fetch("work", { batchSize: 20 })).toHaveLength(10);
    expect(await notes()).toEqual(["second"]);
    await boss.stop({ close: false });
    expect(failures).toEqual([]);
  });

  test("a long loop of statements lets timers and sockets have their turn", async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const until = performance.now() + 200;
    while (performance.now() < until) await db.selectFrom("notes").select("text").execute();
    clearInterval(timer);
    expect(turns).toBeGreaterThan(10);
  });

  test("whoever asks first for the mutex has it first, and alone, also after a failure", async () => {
    const mutex = new Mutex();
    const events: string[] = [];
    const turns = [30, 10, 0].map((durationMs, turn) =>
      mutex.run(async () => {
        events.push(`${turn} begins`);
        await setTimeout(durationMs);
        events.push(`${turn} ends`);
        if (turn === 1) throw new Error("failed");
      }),
    );
    const results = await Promise.allSettled(turns);
    expect(events).toEqual([0, 1, 2].flatMap((turn) => [`${turn} begins`, `${turn} ends`]));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });
});

describe("embedded database: upkeep", () => {
  const tuples = async (table: string): Promise<number> => {
    const { rows } = await database.session.query<{ reltuples: number }>(
      "select reltuples from pg_class where oid = $1::regclass",
      [table],
    );
    return rows[0]?.reltuples ?? 0;
  };

  test("the planner's statistics are made anew after many rows", async () => {
    const store = await PostgresMetadataStore.open(database.dialect, { upkeep: database });
    const fixture = { store, advance: () => Promise.resolve() };
    const { uid } = await makeProject(fixture);
    const { id, token } = await verifying(fixture, uid);
    expect(await tuples("expunge.removal_log")).toBeLessThanOrEqual(0);
    for (let at = 0; at <= LIMITS.analyzeEveryRows; at += 1000) {
      const page = Array.from({ length: 1000 }, (_, i) => entryOf(`key ${at + i}`));
      await store.recordPage(id, token, "canonical", page);
    }
    expect(await tuples("expunge.removal_log")).toBeGreaterThanOrEqual(LIMITS.analyzeEveryRows);
  });

  test("analysing is in proportion to what is loaded, and vacuuming to what is erased", async () => {
    const done = { analyze: 0, vacuum: 0 };
    const count = (what: keyof Upkeep) => (): Promise<void> => {
      done[what]++;
      return Promise.resolve();
    };
    const schedule = new UpkeepSchedule({ analyze: count("analyze"), vacuum: count("vacuum") });
    for (let rows = 0; rows < 1_000_000; rows += 1000) await schedule.inserting(1000);
    expect(done.analyze).toBeGreaterThan(5);
    expect(done.analyze).toBeLessThan(30);
    expect(done.vacuum).toBe(0);
    for (let rows = 0; rows < 200_000; rows += 5000) {
      await schedule.erasing();
      schedule.erased(5000);
    }
    expect(done.vacuum).toBe(3);
  });

  test("vacuuming gives the place of erased rows back", async () => {
    const { session } = database;
    const fill = "insert into notes select repeat('x', 500) from generate_series(1, 5000)";
    const pages = async (): Promise<unknown> =>
      (await session.query("select pg_relation_size('notes') as bytes")).rows[0];
    await session.exec(fill);
    const before = await pages();
    await session.exec("delete from notes");
    await database.vacuum();
    await session.exec(fill);
    expect(await pages()).toEqual(before);
  });
});

import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/compose/database.ts";
import { openPostgres } from "../../src/adapters/postgres/open.ts";
import { type ErrorCode, ExpungeError } from "../../src/core/errors.ts";
import type { PublicKey } from "../../src/ports/signer.ts";
import { errorLog } from "../contract/jobs-fixture.ts";
import { failureOf } from "../contract/metadata/fixture.ts";
import { freePorts } from "../servers/free-ports.ts";
import { postgresUrl } from "../servers/given.ts";
import { createDatabase, runSql, type TestDatabase } from "../servers/postgres.ts";
import { runCli } from "../support/service-process.ts";
import { temporaryPath } from "../support/temporary.ts";

const KEY: PublicKey = {
  kty: "OKP",
  crv: "Ed25519",
  x: "x",
  kid: "k",
  use: "sig",
  alg: "EdDSA",
};

const databases: TestDatabase[] = [];

afterEach(async () => {
  for (const database of databases.splice(0)) await database.drop();
});

async function newDatabase(clauses = ""): Promise<string> {
  const database = await createDatabase(postgresUrl(), clauses);
  databases.push(database);
  return database.url;
}

function changed(url: string, change: (url: URL) => void): string {
  const copy = new URL(url);
  change(copy);
  return copy.href;
}

function open(url: string): Promise<Database> {
  return openDatabase({ database: { kind: "postgres", url } }, errorLog().log);
}

/** One sentence, whoever reads it in whatever form. */
async function expectRefusal(call: Promise<unknown>, code: ErrorCode, says: RegExp): Promise<void> {
  const failure = await failureOf(call);
  if (!(failure instanceof ExpungeError)) throw failure;
  expect(failure.code).toBe(code);
  expect(failure.message).toMatch(says);
  expect(failure.message).toMatch(/^[A-Z][^\n]*\.$/);
  const { password } = new URL(postgresUrl());
  expect(password).not.toBe("");
  expect(`${failure.message} ${failure.stack} ${JSON.stringify(failure)}`).not.toContain(password);
}

describe("a database that cannot be used", () => {
  test("a wrong password is told without it", async () => {
    const url = changed(await newDatabase(), (it) => (it.password = "not-the-password"));
    const refused = open(url);
    await expectRefusal(refused, "invalid-config", /refuses the password of user/);
    expect(String(await failureOf(refused))).not.toContain("not-the-password");
  });

  test("no password at all is told too", async () => {
    const url = changed(await newDatabase(), (it) => (it.password = ""));
    await expectRefusal(open(url), "invalid-config", /password/);
  });

  test("a port on which nobody listens is named", async () => {
    const [port = 0] = await freePorts(1);
    const url = changed(postgresUrl(), (it) => (it.port = String(port)));
    const says = new RegExp(`127\\.0\\.0\\.1:${port} cannot be reached \\(connection refused\\)`);
    await expectRefusal(open(url), "database-unavailable", says);
  });

  test("a host without an address is named", async () => {
    const url = changed(postgresUrl(), (it) => (it.hostname = "nowhere.invalid"));
    await expectRefusal(open(url), "database-unavailable", /nowhere\.invalid.*not known/);
  });

  test("a host that says nothing is waited for only so long", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const url = changed(postgresUrl(), (it) => (it.port = String(port)));
    const opening = openPostgres(url, errorLog().log, { connectTimeoutMs: 200 });
    await expectRefusal(opening, "database-unavailable", /cannot be reached .*timeout/);
    silent.close();
  });

  test("a database that is missing is named with what to do", async () => {
    const url = changed(await newDatabase(), (it) => (it.pathname = "/not_there"));
    await expectRefusal(open(url), "invalid-config", /no database 'not_there'.*create it/);
  });

  test("a server whose connections are all taken is one to come back to", async () => {
    const url = await newDatabase();
    await runSql(url, "create role crowded login password 'pw' connection limit 0");
    const crowded = changed(url, (it) => ((it.username = "crowded"), (it.password = "pw")));
    try {
      await expectRefusal(open(crowded), "database-unavailable", /it is full/);
    } finally {
      await runSql(url, "drop role crowded");
    }
  });

  test("TLS that the server does not offer is told", async () => {
    const url = changed(await newDatabase(), (it) => it.searchParams.set("sslmode", "verify-full"));
    await expectRefusal(open(url), "invalid-config", /TLS/);
  });

  test("another encoding than UTF-8 is refused", async () => {
    const url = await newDatabase(
      "encoding 'LATIN1' locale_provider libc locale 'C' template template0",
    );
    await expectRefusal(open(url), "invalid-config", /encoded in LATIN1/);
  });

  test("a server that is too old is refused with its version", async () => {
    const url = await newDatabase();
    const name = new URL(url).pathname.slice(1);
    // An old server is not at hand: this one says of itself that it is one.
    await runSql(
      url,
      "create schema old",
      `create function old.current_setting(name text) returns text language sql as
        $$ select case name when 'server_version_num' then '140012'
           else pg_catalog.current_setting(name) end $$`,
      `alter database ${name} set search_path = old, pg_catalog`,
    );
    await expectRefusal(open(url), "invalid-config", /PostgreSQL 14; 15 or newer/);
  });

  test("a user who may not make the tables is told which right is missing", async () => {
    const url = await newDatabase();
    await runSql(url, "create role powerless login password 'pw'");
    const powerless = changed(url, (it) => ((it.username = "powerless"), (it.password = "pw")));
    try {
      await expectRefusal(open(powerless), "invalid-config", /grant it CREATE/);
    } finally {
      await runSql(url, "drop role powerless");
    }
  });

  test("tables of a newer version are left alone", async () => {
    const url = await newDatabase();
    await close(await open(url));
    await runSql(url, "insert into expunge.migrations values ('9999-later', '2999-01-01')");
    await expectRefusal(open(url), "invalid-config", /newer expunge \('9999-later'\)/);
  });

  test("the command line ends with one sentence and the exit code for it", async () => {
    const url = await newDatabase();
    const serve = (database: string): ReturnType<typeof runCli> =>
      runCli(
        ["serve", "--port", "0", "--data-dir", temporaryPath("start"), "--database", database],
        {
          // Needed on a server, and read after the database is open.
          env: { EXPUNGE_SIGNING_KEY: "key.pem" },
        },
      );
    const wrong = await serve(changed(url, (it) => (it.password = "not-the-password")));
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("refuses the password");
    expect(wrong.stderr + wrong.stdout).not.toContain("not-the-password");
    const [port = 0] = await freePorts(1);
    const gone = await serve(changed(url, (it) => (it.port = String(port))));
    expect(gone.code).toBe(10);
    expect(gone.stderr).toContain("connection refused");
    expect(gone.stderr).toContain("database-unavailable");
  });
});

async function close({ jobs, close: closeDatabase }: Database): Promise<void> {
  await jobs.stop();
  await closeDatabase();
}

describe("an empty database", () => {
  test("is made ready by several processes at the same moment, and each can work with it", async () => {
    for (let round = 0; round < 4; round++) {
      const url = await newDatabase();
      const opened = await Promise.all([1, 2, 3, 4].map(() => open(url)));
      const [first, ...others] = opened;
      await first?.metadata.keepPublicKey(KEY);
      for (const { metadata, jobs } of others) {
        expect(await metadata.listPublicKeys()).toHaveLength(1);
        await jobs.enqueue("uploads", {}, { key: "uploads" });
      }
      await Promise.all(opened.map(close));
    }
  });
});

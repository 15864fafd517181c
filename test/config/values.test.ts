import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DEFAULT_ID_FORMAT } from "../../src/core/ids.ts";
import { NAMES } from "../../src/config.ts";
import { formatDuration, parseDuration, parseDurations } from "../../src/core/duration.ts";
import { directoryWith, load, NOWHERE, problemsOf, R2 } from "./help.ts";

const PG = { EXPUNGE_DATABASE: "postgres://u:hunter2@db/x", EXPUNGE_SIGNING_KEY: "key.pem" };

describe("the configuration without any setting", () => {
  it("has the documented defaults", async () => {
    const { sources, ...config } = await load();
    expect(sources).toEqual({});
    expect(config).toEqual({
      dataDir: join(NOWHERE, "data"),
      database: { kind: "pglite", dir: join(NOWHERE, "data/database") },
      store: { kind: "file", dir: join(NOWHERE, "data/objects") },
      host: "127.0.0.1",
      port: 3000,
      publicUrl: null,
      corsOrigins: [],
      adminToken: null,
      jwt: null,
      graceMs: 0,
      minGraceMs: 0,
      deletionsPerHour: 100,
      limits: {
        requestsPerMinute: 6000,
        addressRequestsPerMinute: 6000,
        authFailuresPerMinute: 60,
      },
      trustedProxies: [],
      deleteWaitMs: 300_000,
      urlExpiryMs: 300_000,
      signingKeyPath: null,
      settleMs: [3_600_000, 86_400_000],
      role: "all",
      traces: null,
      projectIdFormat: DEFAULT_ID_FORMAT,
      layouts: [],
      webhooks: [],
      webhooksAllowPrivate: false,
      cdn: null,
    });
  });

  it("has the defaults that the table of names tells", async () => {
    const told = Object.fromEntries(
      Object.entries(NAMES).flatMap(([name, info]) =>
        /^EXPUNGE_(DATA_DIR|DATABASE|STORE|HOST|PORT|GRACE|MIN_GRACE|DELETE_WAIT|URL_EXPIRY|SETTLE|ROLE|(DELETION|AUTH_FAILURE|(ADDRESS_)?RATE)_LIMIT)$/.test(
          name,
        )
          ? [[name, String(info.default)]]
          : [],
      ),
    );
    expect(Object.keys(told)).toHaveLength(15);
    const { sources: _told, ...explicit } = await load(told);
    const { sources: _none, ...byDefault } = await load();
    expect(explicit).toEqual(byDefault);
  });

  it("treats empty and blank values as not set", async () => {
    const names = Object.keys(NAMES).map((name) => [name, " "]);
    expect(await load(Object.fromEntries(names) as Record<string, string>)).toEqual(await load());
  });

  it("cannot be changed", async () => {
    const config = await load(R2);
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.store)).toBe(true);
    expect(Object.isFrozen(config.settleMs)).toBe(true);
  });

  /** Defect 14: a client for an optional part was built at import and threw, although the part was off. */
  it("does not throw for an optional part that is off", async () => {
    const cwd = await directoryWith("expunge.config.json", {});
    const config = await load({ EXPUNGE_JWKS_URL: "", R2_BUCKET_NAME: "" }, { cwd });
    expect([config.jwt, config.cdn, config.webhooks, config.layouts]).toEqual([null, null, [], []]);
  });
});

describe("good values", () => {
  it("are read from the environment", async () => {
    const config = await load({
      ...PG,
      EXPUNGE_DATA_DIR: "/var/lib/expunge",
      EXPUNGE_STORE: "file:objects",
      EXPUNGE_HOST: "[::]",
      EXPUNGE_PORT: "0",
      EXPUNGE_ADMIN_TOKEN: " token ",
      EXPUNGE_JWKS_URL: "https://id.example/jwks.json",
      EXPUNGE_JWT_ISSUER: "https://id.example",
      EXPUNGE_JWT_AUDIENCE: "expunge",
      EXPUNGE_GRACE: "72h",
      EXPUNGE_DELETE_WAIT: "0s",
      EXPUNGE_URL_EXPIRY: "1h",
      EXPUNGE_SETTLE: "24h, 5m,24h",
      EXPUNGE_ROLE: "worker",
    });
    expect(config).toMatchObject({
      dataDir: "/var/lib/expunge",
      database: { kind: "postgres", url: PG.EXPUNGE_DATABASE },
      store: { kind: "file", dir: join(NOWHERE, "objects") },
      host: "::",
      port: 0,
      adminToken: "token",
      jwt: {
        jwksUrl: "https://id.example/jwks.json",
        issuer: "https://id.example",
        audience: "expunge",
      },
      graceMs: 259_200_000,
      deleteWaitMs: 0,
      urlExpiryMs: 3_600_000,
      signingKeyPath: join(NOWHERE, "key.pem"),
      settleMs: [300_000, 86_400_000],
      role: "worker",
    });
  });

  it.each([
    [
      { DATABASE_URL: "postgresql://h/x", EXPUNGE_SIGNING_KEY: "k" },
      { kind: "postgres", url: "postgresql://h/x" },
    ],
    [
      { DATABASE_URL: "mysql://h/x", EXPUNGE_DATABASE: "pglite:/db" },
      { kind: "pglite", dir: "/db" },
    ],
    [{ EXPUNGE_DATABASE: "pglite:///db" }, { kind: "pglite", dir: "/db" }],
    [{ EXPUNGE_DATABASE: "pglite:db" }, { kind: "pglite", dir: join(NOWHERE, "db") }],
  ])("name the database: %j", async (env, database) => {
    expect((await load(env)).database).toEqual(database);
  });

  it("switch the later checks off", async () => {
    expect((await load({ EXPUNGE_SETTLE: "off" })).settleMs).toEqual([]);
  });

  it("let a host be reached from outside once there is authentication", async () => {
    expect((await load({ EXPUNGE_HOST: "0.0.0.0", EXPUNGE_ADMIN_TOKEN: "t" })).host).toBe(
      "0.0.0.0",
    );
    for (const host of ["localhost", "127.0.0.2", "::1", "[::1]"]) {
      expect((await load({ EXPUNGE_HOST: host })).port).toBe(3000);
    }
  });
});

describe("bad values", () => {
  it.each<[Record<string, string>, string]>([
    [{ EXPUNGE_PORT: "65536" }, "EXPUNGE_PORT is '65536'; write a whole number from 0 to 65535."],
    [{ EXPUNGE_PORT: "-1" }, "EXPUNGE_PORT is '-1'; write a whole number"],
    [{ EXPUNGE_PORT: "3000.5" }, "write a whole number"],
    [{ EXPUNGE_PORT: "0x10" }, "write a whole number"],
    [{ EXPUNGE_HOST: "http://0.0.0.0" }, "write an address or a host name"],
    [{ EXPUNGE_HOST: "*" }, "write an address or a host name"],
    [
      { EXPUNGE_HOST: "0.0.0.0" },
      "EXPUNGE_HOST is '0.0.0.0', which other machines can reach: set EXPUNGE_ADMIN_TOKEN",
    ],
    [{ EXPUNGE_HOST: "::" }, "which other machines can reach"],
    [{ EXPUNGE_HOST: "127.0.0.1.example.org" }, "which other machines can reach"],
    [{ EXPUNGE_ADMIN_TOKEN: "two words" }, "EXPUNGE_ADMIN_TOKEN holds a space"],
    [{ EXPUNGE_GRACE: "72" }, "EXPUNGE_GRACE is '72'; write a whole number with a unit"],
    [{ EXPUNGE_GRACE: "-1h" }, "EXPUNGE_GRACE is '-1h'"],
    [{ EXPUNGE_GRACE: "1w" }, "EXPUNGE_GRACE is '1w'"],
    [{ EXPUNGE_DELETE_WAIT: "2h" }, "EXPUNGE_DELETE_WAIT is '2h'; it can be 0s to 1h."],
    [{ EXPUNGE_URL_EXPIRY: "0s" }, "EXPUNGE_URL_EXPIRY is '0s'; it can be 1s to 168h."],
    [{ EXPUNGE_URL_EXPIRY: "10m", ...R2 }, "EXPUNGE_URL_EXPIRY is '10m'; it can be 1s to 5m."],
    [{ EXPUNGE_SETTLE: "1h;24h" }, "EXPUNGE_SETTLE is '1h;24h'; write durations above zero"],
    [{ EXPUNGE_SETTLE: "0s" }, "write durations above zero"],
    [{ EXPUNGE_ROLE: "server" }, "EXPUNGE_ROLE is 'server'; write one of 'all', 'api', 'worker'."],
    [
      { EXPUNGE_DATABASE: "mysql://h/x" },
      "EXPUNGE_DATABASE is of another kind; write 'postgres://",
    ],
    [{ DATABASE_URL: "mysql://h/x" }, "DATABASE_URL is of another kind"],
    [
      { EXPUNGE_DATABASE: "postgres://h:port/x", EXPUNGE_SIGNING_KEY: "k" },
      "EXPUNGE_DATABASE is no valid URL",
    ],
    [{ EXPUNGE_DATABASE: "postgres://h/x" }, "EXPUNGE_SIGNING_KEY is missing: with Postgres"],
    [
      { EXPUNGE_JWKS_URL: "https://a.example" },
      "EXPUNGE_JWT_ISSUER and EXPUNGE_JWT_AUDIENCE missing",
    ],
    [{ EXPUNGE_PUBLIC_URL: "files.example" }, "write a URL that begins with https://"],
    [{ EXPUNGE_PUBLIC_URL: "https://a.example/?x" }, "has a query or a fragment"],
    [{ EXPUNGE_CORS_ORIGINS: "*" }, "has '*'; write an origin"],
    [
      { EXPUNGE_CORS_ORIGINS: "https://a.example,https://b.example/path" },
      "has 'https://b.example/path'; write 'https://b.example'",
    ],
    [{ EXPUNGE_CORS_ORIGINS: "file:///a" }, "write an origin, such as"],
    [{ EXPUNGE_JWT_ISSUER: "a", EXPUNGE_JWT_AUDIENCE: "b" }, "EXPUNGE_JWKS_URL missing"],
    [
      { EXPUNGE_JWKS_URL: "id.example", EXPUNGE_JWT_ISSUER: "a", EXPUNGE_JWT_AUDIENCE: "b" },
      "EXPUNGE_JWKS_URL is 'id.example'; write a URL that begins with https:// or http://.",
    ],
    [
      {
        EXPUNGE_JWKS_URL: "https://u:p@a.example",
        EXPUNGE_JWT_ISSUER: "a",
        EXPUNGE_JWT_AUDIENCE: "b",
      },
      "EXPUNGE_JWKS_URL holds a user name or a password",
    ],
    [{ EXPUNGE_CONFIG: "none.json" }, "EXPUNGE_CONFIG is 'none.json', and there is no such file."],
    [{ EXPUNGE_CONFIG: "config.yaml" }, "write the path of a .ts or .json file"],
  ])("are refused with what is right: %j", async (env, message) => {
    const problems = await problemsOf(env);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });
});

describe("where callers come from", () => {
  it("is one public URL and any number of origins, as they were written", async () => {
    const config = await load({
      EXPUNGE_PUBLIC_URL: "https://files.example/expunge/",
      EXPUNGE_CORS_ORIGINS: " https://app.example , http://localhost:5173,",
    });
    expect(config.publicUrl).toBe("https://files.example/expunge");
    expect(config.corsOrigins).toEqual(["https://app.example", "http://localhost:5173"]);
  });
});

describe("durations", () => {
  it.each([
    ["0s", 0],
    ["250ms", 250],
    ["90s", 90_000],
    ["5m", 300_000],
    ["72h", 259_200_000],
    ["14d", 1_209_600_000],
    ["3650d", 315_360_000_000],
  ])("'%s' are %i ms", (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs);
    expect(parseDuration(formatDuration(durationMs))).toBe(durationMs);
  });

  it.each([
    "",
    "5",
    "s",
    "1.5h",
    "-1s",
    "1 h",
    "1H",
    "1h30m",
    "1e3s",
    "3651d",
    "99999999999999999999s",
    "Infinitys",
  ])("'%s' is none", (text) => {
    expect(parseDuration(text)).toBeNull();
    expect(parseDurations(`1h,${text}`)).toBeNull();
  });
});

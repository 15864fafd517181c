import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ExpungeError } from "../../src/core/errors.ts";
import { StoreError } from "../../src/core/store-errors.ts";
import { keptLog } from "./kept-log.ts";

const DELETION = "DELETE-0fc2a5k3m9xz";
const SECRET = "hunter2";

describe("the log", () => {
  it("begins every line of a deletion with its id, and has it as a field", () => {
    const { log, events } = keptLog();
    const child = log.child({ deletion: DELETION });
    child.debug({}, "claimed");
    child.info({ keys: 3 }, "page removed");
    child.child({ surface: "canonical" }).warn({}, "retrying");
    child.error({}, "blocked");
    log.info({ deletion: DELETION }, "requested");
    log.info({}, "started");
    expect(events().map(({ msg }) => msg)).toEqual([
      `[${DELETION}] claimed`,
      `[${DELETION}] page removed`,
      `[${DELETION}] retrying`,
      `[${DELETION}] blocked`,
      `[${DELETION}] requested`,
      "started",
    ]);
    expect(events().map(({ deletion }) => deletion)).toEqual([
      ...Array.from({ length: 5 }, () => DELETION),
      undefined,
    ]);
    expect(events()[1]).toMatchObject({ level: "info", keys: 3, pid: process.pid });
    expect(events()[2]).toMatchObject({ level: "warn", surface: "canonical" });
  });

  it("writes one line per event, whatever the event holds", () => {
    const { log, lines, events } = keptLog();
    log.info({ text: "a\nb\r\nc\u2028d", msg: "mine", level: 9, time: 0 }, "two\nlines");
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd().split(/[\r\n]/)).toHaveLength(1);
    expect(events()[0]).toMatchObject({
      msg: "two\nlines",
      level: "info",
      msg_: "mine",
      level_: 9,
    });
    expect(events()[0]?.["time"]).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it("writes no secret, under whatever name and in whatever depth", () => {
    const { log, lines } = keptLog();
    log.child({ authorization: `Bearer ${SECRET}-bound` }).info(
      {
        token: SECRET,
        adminToken: SECRET,
        clientSecret: SECRET,
        headers: { Authorization: `Bearer ${SECRET}`, cookie: SECRET, "x-amz-signature": SECRET },
        list: [{ deep: { password: SECRET } }],
        secrets: [SECRET, { a: SECRET }],
        map: new Map([["apiKey", SECRET]]),
        url: `https://b.example/k?X-Amz-Signature=${SECRET}&part=1`,
        link: new URL(`https://b.example/k?part=1&tag=${SECRET}`),
        database: `postgres://user:${SECRET}@db.example/x`,
        text: `sent Authorization: Bearer ${SECRET}-long and xp_admin_${SECRET}`,
        error: new Error(`GET https://b.example/?signature=${SECRET} failed`, {
          cause: new ExpungeError("internal", "inner", { details: { token: SECRET } }),
        }),
      },
      "asked",
    );
    expect(lines.join("")).not.toContain(SECRET);
    expect(lines.join("")).toContain("postgres://user:(redacted)@db.example/x");
    expect(lines.join("")).toContain("part=1");
  });

  it("keeps numbers that are called token, such as a fencing token", () => {
    const { log, events } = keptLog();
    log.info({ token: 7 }, "claimed by a worker");
    expect(events()[0]).toMatchObject({ token: 7 });
  });

  it("swallows nothing of an error: code, class, details, causes and the errors of a group", () => {
    const { log, events } = keptLog();
    const inner = new StoreError("access-denied", "blocked", "403 from the store");
    const error = new ExpungeError("deletion-blocked", "2 keys remain", {
      details: { residueTotal: 2 },
      cause: new AggregateError([inner, "a text that was thrown"], ""),
    });
    log.error({ error }, "the purge stopped");
    expect(events()[0]?.["error"]).toMatchObject({
      name: "ExpungeError",
      code: "deletion-blocked",
      message: "2 keys remain",
      details: { residueTotal: 2 },
      stack: expect.stringContaining("log.test.ts") as unknown,
      cause: {
        name: "AggregateError",
        errors: [
          { code: "access-denied", errorClass: "blocked", message: "403 from the store" },
          "a text that was thrown",
        ],
      },
    });
  });

  it("takes values that JSON cannot hold", () => {
    const { log, events } = keptLog();
    const circle: Record<string, unknown> = {
      bytes: new Uint8Array(3),
      size: 2n,
      at: new Date(0),
      none: undefined,
    };
    circle["self"] = circle;
    log.info({ circle, bad: new Date(Number.NaN), set: new Set([1]) }, "odd");
    expect(events()[0]).toMatchObject({
      circle: { bytes: "(3 bytes)", size: "2", at: "1970-01-01T00:00:00.000Z" },
      bad: null,
      set: [1],
    });
  });

  it("leaves out what lies below its level, and nothing else", () => {
    const { log, events } = keptLog("warn");
    log.debug({}, "a");
    log.info({}, "b");
    log.warn({}, "c");
    log.error({}, "d");
    expect(events().map(({ msg }) => msg)).toEqual(["c", "d"]);
    const silent = keptLog("silent");
    silent.log.error({}, "e");
    expect(silent.lines).toEqual([]);
  });

  it("goes to standard error, whole even when the process exits at once", () => {
    const script = [
      `import { openLog } from ${JSON.stringify(join(import.meta.dirname, "../../src/adapters/pino-log.ts"))};`,
      'const log = openLog({ level: "info" });',
      'for (let i = 0; i < 500; i++) log.info({ i }, "event");',
      "process.exit(3);",
    ].join("\n");
    const run = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
      encoding: "utf8",
    });
    expect(run.status).toBe(3);
    expect(run.stdout).toBe("");
    expect(run.stderr.trimEnd().split("\n")).toHaveLength(500);
  });
});

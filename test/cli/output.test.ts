import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { formatBytes, Output, table, write } from "../../src/cli/output.ts";
import { ExpungeError } from "../../src/core/errors.ts";
import { ioOf } from "./harness.ts";

test("a result is one JSON document with --json and lines without", async () => {
  const json = ioOf();
  await new Output(json, true).result({ a: 1 }, () => ["for people"]);
  expect(JSON.parse(json.stdout.text)).toEqual({ a: 1 });
  const plain = ioOf();
  await new Output(plain, false).result({ a: 1 }, () => ["for", "people"]);
  expect(plain.stdout.text).toBe("for\npeople\n");
});

test("lines for people are not printed beside a JSON document", async () => {
  const io = ioOf();
  await new Output(io, true).line("for people");
  expect(io.stdout.text).toBe("");
});

test("an error says its message, what to do and its code on standard error", async () => {
  const io = ioOf();
  await new Output(io, false).failure(new ExpungeError("project-held", "It is held."));
  expect(io.stdout.text).toBe("");
  expect(io.stderr.text).toBe(
    "error: It is held.\nwhat to do: Release the hold first.\ncode: project-held\n",
  );
});

test("an error with --json is the one document on standard output", async () => {
  const io = ioOf();
  const details = { residue: [{ key: "k" }] };
  await new Output(io, true).failure(new ExpungeError("deletion-blocked", "no", { details }));
  expect(JSON.parse(io.stdout.text)).toMatchObject({
    error: { code: "deletion-blocked", message: "no", residue: [{ key: "k" }] },
  });
  expect(io.stderr.text).toBe("");
});

test("text that goes to a pipe has no colours", async () => {
  const io = ioOf();
  expect(new Output(io, false).style("red", "error")).toBe("error");
});

test("a table lines up its columns and keeps control characters from the terminal", () => {
  expect(
    table(
      ["path", "bytes"],
      [
        ["a", 5],
        ["b\u001B[31m", 1000],
      ],
    ),
  ).toEqual(["path    bytes", "a           5", "b\uFFFD[31m   1000"]);
});

test("sizes are shown in binary units", () => {
  expect([0, 1023, 1024, 48 * 1024 ** 2].map(formatBytes)).toEqual([
    "0 B",
    "1023 B",
    "1.0 KiB",
    "48.0 MiB",
  ]);
});

test("a reader of the output that went away is no failure", async () => {
  const closed = new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error("gone"), { code: "EPIPE" })),
  });
  closed.on("error", () => {});
  await expect(write(closed, "text")).resolves.toBeUndefined();
});

test("an output that fails for another reason is a failure", async () => {
  const full = new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error("full"), { code: "ENOSPC" })),
  });
  full.on("error", () => {});
  await expect(write(full, "text")).rejects.toThrow("full");
});

test.each([
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: "1" }, true, false],
  [{ NO_COLOR: "" }, true, true],
  [{ FORCE_COLOR: "1" }, false, true],
  [{ FORCE_COLOR: "0" }, true, false],
] as const)("with %j and a terminal %j colours are shown: %j", (env, isTTY, isShown) => {
  const io = ioOf({ env });
  const stdout = Object.assign(io.stdout, { isTTY });
  const text = new Output({ ...io, stdout }, false).style("red", "x");
  expect(text).toBe(isShown ? "\u001B[31mx\u001B[39m" : "x");
});

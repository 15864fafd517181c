import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { confirm } from "../../src/cli/confirm.ts";
import type { Io } from "../../src/cli/io.ts";
import { ioOf } from "./harness.ts";

/** A person at a terminal who types this. */
function terminal(typed: string): Io {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  stdin.end(`${typed}\n`);
  const { stderr, ...io } = ioOf();
  return { ...io, stdin, stderr: Object.assign(stderr, { isTTY: true }) };
}

test("a person who types the project's id has confirmed", async () => {
  await expect(confirm(terminal("p1"), "All of it goes.", "p1")).resolves.toBeUndefined();
});

test("a person who types anything else has not confirmed", async () => {
  await expect(confirm(terminal("y"), "All of it goes.", "p1")).rejects.toMatchObject({
    code: "confirmation-needed",
  });
});

test("nobody can be asked in a pipe, and the flag is named", async () => {
  await expect(confirm(ioOf(), "All of it goes.", "p1")).rejects.toMatchObject({
    code: "confirmation-needed",
    message: "All of it goes. Add --yes to confirm.",
  });
});

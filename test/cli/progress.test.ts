import { expect, test } from "vitest";
import { Output } from "../../src/cli/output.ts";
import { barOn } from "../../src/cli/progress.ts";
import { ioOf } from "./harness.ts";

test("a progress bar shows the share, the rate and the time left, ten times a second at most", async () => {
  const io = ioOf();
  const stderr = Object.assign(io.stderr, { isTTY: true });
  let now = 1000;
  const bar = barOn(new Output({ ...io, stderr }, false), {
    total: 1000,
    clock: { now: () => now },
  });
  bar.show(0);
  now += 50;
  bar.show(10);
  now += 1950;
  bar.show(250);
  now += 100_000;
  bar.show(251);
  now += 100;
  bar.show(2000);
  await bar.end();
  const drawn = stderr.text.split("\r\u001B[2K").slice(1);
  expect(drawn).toEqual([
    "[........................] 0 %  0 of 1000 objects",
    "[######..................] 25 %  250 of 1000 objects  125/s  6s left",
    "[######..................] 25 %  251 of 1000 objects  2/s  6m left",
    "[########################] 100 %  2000 of 2000 objects  20/s  0s left",
    "",
  ]);
});

test("in a pipe no progress bar is drawn", async () => {
  const io = ioOf();
  const bar = barOn(new Output(io, false), { total: 10, clock: { now: () => 1000 } });
  bar.show(5);
  await bar.end();
  expect(io.stderr.text).toBe("");
});

import { expect, it } from "vitest";
import { TrackedKeys } from "../../../src/services/engine/tracked-keys.ts";

const never = new AbortController().signal;
const any = (): void => {};

it("hands out tracked keys in the order of their bytes, page by page, each once", async () => {
  const tracked = new TrackedKeys();
  await tracked.read(["b", "\uffee", "a", "😀", "b"], any, never);
  await tracked.read(["c", "a"], any, never);
  const pages: string[][] = [];
  for (let after: string | undefined; ; after = pages.at(-1)?.at(-1)) {
    const page = tracked.page(2, after).map(({ key }) => key);
    if (page.length === 0) break;
    pages.push(page);
  }
  expect(pages).toEqual([["a", "b"], ["c", "\uffee"], ["😀"]]);
  expect(tracked.which(["a", "x"])).toEqual(new Set(["a"]));
});

it("refuses more tracked keys than memory may hold", async () => {
  const tracked = new TrackedKeys(2);
  await expect(tracked.read(["a", "b", "a", "c"], any, never)).rejects.toMatchObject({
    code: "invalid-request",
    message: "There are more than 2 tracked keys.",
  });
});

it("reads no further tracked key once the call is over", async () => {
  const over = AbortSignal.abort(new Error("over"));
  await expect(new TrackedKeys().read(["a"], any, over)).rejects.toThrow("over");
});

import { execFileSync, spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { completionScript, SHELLS } from "../../src/cli/completion.ts";
import { programOf } from "../../src/cli/program.ts";
import { Shell } from "../../src/cli/shell.ts";
import { needPackages } from "../servers/debian-packages.ts";
import { ioOf, temporaryDir } from "./harness.ts";

const program = programOf(new Shell(ioOf(), false));

beforeAll(async () => {
  await needPackages({
    packages: SHELLS,
    programs: SHELLS,
    purpose: "the shells themselves",
    instruction: (why) =>
      `The completions cannot be tried (${why}). Install ${SHELLS.join(", ")}, or run npm run test:quick.`,
  });
});

/** What bash itself would offer at the end of these words. */
function offered(...words: readonly string[]): string[] {
  const script = `${completionScript("bash", program)}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _expunge; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync("bash", ["-c", script, "bash", "expunge", ...words], {
    encoding: "utf8",
  });
  return out.split("\n").filter((word) => word !== "");
}

describe("completions in bash", () => {
  test("offer the commands that begin so, and those below a command", () => {
    expect(offered("sw")).toEqual(["sweep"]);
    expect(offered("project", "re")).toEqual(["restore", "release"]);
    expect(offered("")).toEqual(expect.arrayContaining(["serve", "project", "completion"]));
  });

  test("offer the options of the command at hand, whatever stands between", () => {
    expect(offered("sweep", "s3://b/p/", "--o")).toEqual(["--older-than"]);
    expect(offered("project", "delete", "p1", "--max-objects", "5", "--dr")).toEqual(["--dry-run"]);
    expect(offered("file", "put", "p1", "--js")).toEqual(["--json"]);
  });

  test("leave the place of an argument to the files", () => {
    expect(offered("sweep", "s3")).toEqual([]);
  });

  test("offer the values that an option takes, and leave any other value to the files", () => {
    expect(offered("audit", "--fix", "")).toEqual(["none", "orphans", "dangling"]);
    expect(offered("audit", "--fix", "o")).toEqual(["orphans"]);
    expect(offered("audit", "--html", "")).toEqual([]);
    expect(offered("audit", "--html", "report.html", "--nd")).toEqual(["--ndjson"]);
  });
});

/** What zsh would offer, by its own functions put aside: one line each, or `files`. */
function offeredByZsh(...words: readonly string[]): string[] {
  const script = `compdef() {}; _files() { echo files }; _describe() { print -rl -- "\${(@P)2}" }
${completionScript("zsh", program)}
words=("$@"); CURRENT=$#words; _expunge`;
  const argv = ["-f", "-c", script, "zsh", "expunge", ...words];
  return execFileSync("zsh", argv, { encoding: "utf8" }).trimEnd().split("\n");
}

describe("completions in zsh", () => {
  test("offer commands, options and values with what they mean, and files for other values", () => {
    expect(offeredByZsh("project", "")).toEqual(
      expect.arrayContaining([expect.stringMatching(/^restore:undo /)]),
    );
    expect(offeredByZsh("sweep", "s3://b/p/", "--o")).toEqual(
      expect.arrayContaining([expect.stringMatching(/^--older-than:only /)]),
    );
    expect(offeredByZsh("audit", "--fix", "")).toEqual(["none", "orphans", "dangling"]);
    expect(offeredByZsh("audit", "--html", "")).toEqual(["files"]);
  });
});

/** What fish itself would offer at the end of this line, without the descriptions. */
function offeredByFish(line: string): string[] {
  const script = `${completionScript("fish", program)}\ncomplete -C $argv[1]`;
  const out = execFileSync("fish", ["--no-config", "-c", script, line], { encoding: "utf8" });
  return out.split("\n").flatMap((one) => one.split("\t")[0] || []);
}

describe("completions in fish", () => {
  test("offer commands, options and the values of options", () => {
    expect(offeredByFish("expunge project re").toSorted()).toEqual(["release", "restore"]);
    expect(offeredByFish("expunge sweep s3://b/p/ --o")).toEqual(["--older-than"]);
    const fixes = offeredByFish("expunge audit --fix ").toSorted();
    expect(fixes).toEqual(["dangling", "none", "orphans"]);
  });
});

test.each(SHELLS)("%s takes its script without a complaint", async (shell) => {
  const file = join(await temporaryDir(), "completion");
  await writeFile(file, completionScript(shell, program));
  const { status, stderr } = spawnSync(shell, ["-n", file], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

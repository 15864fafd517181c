import { describe, expect, test } from "vitest";
import type { Command } from "commander";
import { completionScript, SHELLS } from "../../src/cli/completion.ts";
import { EXAMPLES } from "../../src/cli/examples.ts";
import { programOf } from "../../src/cli/program.ts";
import { Shell } from "../../src/cli/shell.ts";
import { expunge, ioOf } from "./harness.ts";

const program = programOf(new Shell(ioOf(), false));

/** Every command with the words that lead to it. */
function everyCommand(
  command: Command = program,
  path: readonly string[] = [],
): [string, Command][] {
  const below = command.commands.flatMap((child) => everyCommand(child, [...path, child.name()]));
  return [[path.join(" "), command], ...below];
}

test("completions know every command and option that there is, in each shell", () => {
  const commands = everyCommand().slice(1);
  expect(commands.length).toBeGreaterThan(30);
  for (const shell of SHELLS) {
    const script = completionScript(shell, program);
    for (const [path, command] of commands) {
      expect(script, `${shell} ${path}`).toContain(command.name());
      for (const { long } of command.options) {
        const written = shell === "fish" ? `-l ${long?.slice(2)}` : (long ?? "");
        expect(script, `${shell} ${path} ${long}`).toContain(written);
      }
    }
  }
});

test("the command prints the script alone, and another shell is wrong usage", async () => {
  const { code, stdout } = await expunge(["completion", "zsh"]);
  expect([code, stdout.split("\n")[0]]).toEqual([0, "#compdef expunge"]);
  const document = await expunge(["completion", "fish", "--json"]);
  expect(JSON.parse(document.stdout)).toMatchObject({ shell: "fish" });
  expect((await expunge(["completion", "tcsh"])).code).toBe(2);
});

describe("the help", () => {
  const leaves = everyCommand().filter(([, command]) => command.commands.length === 0);

  test("of a command ends with examples of it", async () => {
    const { stdout } = await expunge(["sweep", "--help"]);
    expect(stdout).toMatch(
      /\nExamples:\n {2}\$ expunge sweep s3:\/\/my-bucket\/old\/p1\/ --dry-run\n/,
    );
  });

  test("has examples of commands and options that there are", () => {
    for (const [path, lines] of Object.entries(EXAMPLES)) {
      const command = new Map(leaves).get(path);
      expect(command, path).toBeDefined();
      const known = [...(command?.options ?? []), ...program.options];
      for (const line of lines) {
        expect(line.startsWith(path), line).toBe(true);
        for (const [flag] of line.matchAll(/(?<= )--?[a-z][a-z-]*/g)) {
          expect(
            known.some(({ long, short }) => long === flag || short === flag),
            `${path} ${flag}`,
          ).toBe(true);
        }
      }
    }
  });
});

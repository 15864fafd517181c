import type { Command } from "commander";
import { loadConfig } from "../../config.ts";
import { createLayoutSet, explainKey, type LayoutSet } from "../../core/layouts/index.ts";
import { isInternalKey } from "../../core/keys.ts";
import { configOptions } from "../connect.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { count, printable, table } from "../output.ts";
import type { Shell } from "../shell.ts";

export function addLayouts(program: Command, shell: Shell): void {
  const layouts = program
    .command("layouts")
    .description("check the configured layouts and explain keys; needs no service");
  layouts
    .command("check")
    .description("prove that no key can belong to two projects, or show one that does")
    .action(shell.action(() => check(shell)));
  layouts
    .command("explain")
    .description("say which project and layout a key belongs to")
    .argument("<key>", "a key as it lies in the bucket")
    .action(shell.action((key: string) => explain(shell, key)));
}

/** A set that is not provably unambiguous is refused with its counter-example, as at the start. */
async function check(shell: Shell): Promise<ExitCode> {
  const set = await configuredLayouts(shell);
  const listed = set.layouts.map(({ name, template }) => ({
    name,
    template,
    hasListingPrefix: !set.withoutListingPrefix.includes(name),
  }));
  await shell.out.result({ ok: true, projectId: set.idFormat.text, layouts: listed }, () => [
    ...table(
      ["layout", "template", "listing"],
      listed.map(({ name, template, hasListingPrefix }) => [
        name,
        template,
        hasListingPrefix ? "the project's own prefix" : "the keys of all projects, per deletion",
      ]),
    ),
    "",
    `unambiguous: ${count(listed.length, "legacy layout")}, ids ${set.idFormat.text}`,
  ]);
  return EXIT.done;
}

async function explain(shell: Shell, key: string): Promise<ExitCode> {
  const explanation = explainKey(await configuredLayouts(shell), key);
  const kind = explanation === null ? (isInternalKey(key) ? "internal" : "foreign") : "project";
  await shell.out.result({ key, kind, ...explanation }, () => {
    if (explanation === null) {
      return kind === "internal"
        ? [`${printable(key)} is expunge's own and belongs to no project`]
        : [`${printable(key)} is foreign: no layout gives it to a project`];
    }
    const { layout } = explanation;
    const owner =
      "projectUid" in explanation
        ? `the project with uid ${explanation.projectUid}`
        : `project ${explanation.projectId}`;
    return [`${printable(key)} belongs to ${owner} by the layout ${layout}`];
  });
  return EXIT.done;
}

async function configuredLayouts(shell: Shell): Promise<LayoutSet> {
  const config = await loadConfig(configOptions(shell.io));
  return createLayoutSet(config.projectIdFormat, config.layouts);
}

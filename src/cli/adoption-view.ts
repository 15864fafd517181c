import type { ExpungeClient } from "../client/index.ts";
import { LIMITS } from "../core/limits.ts";
import type { AdoptionJson, AdoptionRefusalJson } from "../http/schema/index.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { count, formatBytes, type Output, printable, table } from "./output.ts";

/** What was refused is a problem, what was passed over is none. */
export function exitCodeOfAdoption(adoption: AdoptionJson): ExitCode {
  if (adoption.state === "running") return EXIT.accepted;
  if (!adoption.complete) return EXIT.unreachable;
  return adoption.refused > 0 ? EXIT.problems : EXIT.done;
}

export async function showAdoption(
  out: Output,
  client: ExpungeClient,
  adoption: AdoptionJson,
): Promise<void> {
  const first: AdoptionRefusalJson[] = [];
  if (!out.isJson) {
    for await (const refusal of client.adoptions.refusals(adoption.id)) {
      first.push(refusal);
      if (first.length >= LIMITS.runNotesShown) break;
    }
  }
  await out.result(adoption, () => [
    ...refusalLines(adoption, first),
    ...countLines(adoption),
    ...endLines(out, adoption),
  ]);
}

function refusalLines(
  { id, refused }: AdoptionJson,
  first: readonly AdoptionRefusalJson[],
): readonly string[] {
  if (first.length === 0) return [];
  const rows = first.map(({ key, code, projectId }) => [code, projectId, key]);
  const more = refused - first.length;
  return [
    ...table(["refused", "project", "key"], rows),
    ...(more > 0 ? [`and ${more} more: expunge adopt --id ${id} --refused`] : []),
    "",
  ];
}

function countLines(adoption: AdoptionJson): readonly string[] {
  const { dryRun, adopted, adoptedBytes, projects, newProjects, young, minAge } = adoption;
  const line = (value: number, words: string): string => `${String(value).padStart(9)}  ${words}`;
  const would = dryRun ? "would be " : "";
  return [
    line(adopted, `${would}adopted (${formatBytes(adoptedBytes)})`),
    line(
      projects,
      `projects of these, ${newProjects} of them ${dryRun ? "to be " : ""}made for it`,
    ),
    line(adoption.known, "have a row already"),
    line(adoption.refused, "refused"),
    ...(young > 0 ? [line(young, `younger than ${minAge}: left to a later adoption`)] : []),
    line(adoption.orphans, "canonical keys without a row: never adopted, see expunge audit"),
    line(adoption.foreign, "foreign: no layout explains the key"),
  ];
}

function endLines(out: Output, adoption: AdoptionJson): readonly string[] {
  const { id, state, complete, dryRun, objects, seconds, requests, failure } = adoption;
  const seen = `${count(objects, "object")} in ${seconds} s`;
  const what =
    state === "running"
      ? out.style("yellow", `running: ${seen} so far`)
      : complete
        ? out.style("green", `complete: ${seen}`)
        : out.style("red", `not complete: ${seen}`);
  const { list, head } = requests;
  return [
    "",
    `${id} ${what}`,
    `requests of the store: ${list} listings, ${head} looks at single objects${dryRun ? " when it is done" : ""}`,
    ...(failure === null
      ? []
      : [`it ended early (${failure.code}): ${printable(failure.message)}`]),
    ...(dryRun && complete ? ["nothing was made; add --yes to do it"] : []),
  ];
}

import type { ExpungeClient } from "../client/index.ts";
import type { AdoptionJson } from "../http/schema/index.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { count, formatBytes, type Output } from "./output.ts";
import { countLine, failureLines, firstNotes, noteLines, standOf } from "./run-view.ts";

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
  const first = await firstNotes(out, client.adoptions.refusals(adoption.id));
  await out.result(adoption, () => [
    ...noteLines(first, {
      title: "refused",
      all: adoption.refused,
      command: `expunge adopt --id ${adoption.id} --refused`,
    }),
    ...countLines(adoption),
    ...endLines(out, adoption),
  ]);
}

function countLines(adoption: AdoptionJson): readonly string[] {
  const { dryRun, adopted, adoptedBytes, projects, newProjects, young, minAge } = adoption;
  const would = dryRun ? "would be " : "";
  return [
    countLine(adopted, `${would}adopted (${formatBytes(adoptedBytes)})`),
    countLine(
      projects,
      `projects of these, ${newProjects} of them ${dryRun ? "to be " : ""}made for it`,
    ),
    countLine(adoption.known, "have a row already"),
    countLine(adoption.refused, "refused"),
    ...(young > 0 ? [countLine(young, `younger than ${minAge}: left to a later adoption`)] : []),
    countLine(adoption.orphans, "canonical keys without a row: never adopted, see expunge audit"),
    countLine(adoption.foreign, "foreign: no layout explains the key"),
  ];
}

function endLines(out: Output, adoption: AdoptionJson): readonly string[] {
  const { id, complete, dryRun, objects, seconds, requests, failure } = adoption;
  const seen = `${count(objects, "object")} in ${seconds} s`;
  const { list, head } = requests;
  return [
    "",
    `${id} ${standOf(out, adoption, seen)}`,
    `requests of the store: ${list} listings, ${head} looks at single objects${dryRun ? " when it is done" : ""}`,
    ...failureLines(failure),
    ...(dryRun && complete ? ["nothing was made; add --yes to do it"] : []),
  ];
}

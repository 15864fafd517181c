import type { ExpungeClient } from "../client/index.ts";
import type { RelayoutJson } from "../http/schema/index.ts";
import { collected } from "./collected.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { count, formatBytes, type Output, table } from "./output.ts";
import { countLine, failureLines, firstNotes, noteLines, standOf } from "./run-view.ts";

/** What was spared is a problem, and so is what could not be removed yet. */
export function exitCodeOfRelayout(relayout: RelayoutJson): ExitCode {
  if (relayout.state === "running") return EXIT.accepted;
  if (!relayout.complete) return EXIT.unreachable;
  return relayout.spared + relayout.pending > 0 ? EXIT.problems : EXIT.done;
}

export async function showRelayouts(
  out: Output,
  relayouts: AsyncIterable<RelayoutJson>,
): Promise<ExitCode> {
  const items = await collected(relayouts);
  await out.result({ items }, () =>
    table(
      ["relayout", "action", "state", "requested", "done", "spared", "held"],
      items.map((one) => [
        one.id,
        `${one.action}${one.of === null ? "" : ` of ${one.of}`}${one.dryRun ? " (dry run)" : ""}`,
        one.state,
        one.requestedAt,
        String(one.done),
        String(one.spared),
        one.action === "copy" ? String(one.held.objects) : "",
      ]),
    ),
  );
  return EXIT.done;
}

export async function showRelayout(
  out: Output,
  client: ExpungeClient,
  relayout: RelayoutJson,
): Promise<void> {
  const first = await firstNotes(out, client.relayouts.spared(relayout.id));
  await out.result(relayout, () => [
    ...noteLines(first, {
      title: "left",
      all: relayout.spared + relayout.pending,
      command: `expunge relayout --id ${relayout.id} --spared`,
    }),
    ...countLines(relayout),
    ...endLines(out, relayout),
  ]);
}

const DONE = { copy: "copied", finish: "finished", undo: "undone" } as const;

function countLines(relayout: RelayoutJson): readonly string[] {
  const { action, dryRun, done, doneBytes, spared, removed, readBytes, held } = relayout;
  const would = dryRun ? "would be " : "";
  const whose = relayout.of === null ? "" : ` by ${relayout.of}`;
  const proven = readBytes > 0 ? `; ${formatBytes(readBytes)} read to prove it` : "";
  return [
    countLine(done, `${would}${DONE[action]} (${formatBytes(doneBytes)}${proven})`),
    countLine(spared, "left as they are"),
    ...(action === "copy" || dryRun
      ? []
      : [countLine(removed, "objects removed, and verified gone")]),
    ...(action === "copy" && dryRun
      ? []
      : [countLine(held.objects, `old objects held${whose} (${formatBytes(held.bytes)})`)]),
  ];
}

function endLines(out: Output, relayout: RelayoutJson): readonly string[] {
  const { id, objects, seconds, failure } = relayout;
  const seen = `${count(objects, "file")} in ${seconds} s`;
  return [
    "",
    `${id} ${standOf(out, relayout, seen)}`,
    ...failureLines(failure),
    ...nextLines(relayout),
  ];
}

function nextLines(relayout: RelayoutJson): readonly string[] {
  const { id, action, dryRun, state, complete, pending, held } = relayout;
  if (state === "running") return [];
  if (pending > 0) return [`${count(pending, "object")} not gone yet: a job goes on with them`];
  if (dryRun && complete) return ["nothing was done; add --yes to do it"];
  if (action !== "copy" || held.objects === 0) return [];
  return [
    "the files are read from their copies; the old objects are held until you say which it is:",
    `expunge relayout --finish ${id} --yes removes them, --undo ${id} --yes gives them back`,
  ];
}

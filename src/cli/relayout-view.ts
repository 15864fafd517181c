import type { ExpungeClient } from "../client/index.ts";
import { LIMITS } from "../core/limits.ts";
import type { RelayoutJson, RelayoutSparedJson } from "../http/schema/index.ts";
import { collected } from "./collected.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { count, formatBytes, type Output, printable, table } from "./output.ts";

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
  const first: RelayoutSparedJson[] = [];
  if (!out.isJson) {
    for await (const line of client.relayouts.spared(relayout.id)) {
      first.push(line);
      if (first.length >= LIMITS.runNotesShown) break;
    }
  }
  await out.result(relayout, () => [
    ...sparedLines(relayout, first),
    ...countLines(relayout),
    ...endLines(out, relayout),
  ]);
}

function sparedLines(
  { id, spared, pending }: RelayoutJson,
  first: readonly RelayoutSparedJson[],
): readonly string[] {
  if (first.length === 0) return [];
  const rows = first.map(({ key, code, projectId }) => [code, projectId, key]);
  const more = spared + pending - first.length;
  return [
    ...table(["left", "project", "key"], rows),
    ...(more > 0 ? [`and ${more} more: expunge relayout --id ${id} --spared`] : []),
    "",
  ];
}

const DONE = { copy: "copied", finish: "finished", undo: "undone" } as const;

function countLines(relayout: RelayoutJson): readonly string[] {
  const { action, dryRun, done, doneBytes, spared, removed, readBytes, held } = relayout;
  const line = (value: number, words: string): string => `${String(value).padStart(9)}  ${words}`;
  const would = dryRun ? "would be " : "";
  const whose = relayout.of === null ? "" : ` by ${relayout.of}`;
  const proven = readBytes > 0 ? `; ${formatBytes(readBytes)} read to prove it` : "";
  return [
    line(done, `${would}${DONE[action]} (${formatBytes(doneBytes)}${proven})`),
    line(spared, "left as they are"),
    ...(action === "copy" || dryRun ? [] : [line(removed, "objects removed, and verified gone")]),
    ...(action === "copy" && dryRun
      ? []
      : [line(held.objects, `old objects held${whose} (${formatBytes(held.bytes)})`)]),
  ];
}

function endLines(out: Output, relayout: RelayoutJson): readonly string[] {
  const { id, state, complete, objects, seconds, failure } = relayout;
  const seen = `${count(objects, "file")} in ${seconds} s`;
  const what =
    state === "running"
      ? out.style("yellow", `running: ${seen} so far`)
      : complete
        ? out.style("green", `complete: ${seen}`)
        : out.style("red", `not complete: ${seen}`);
  return [
    "",
    `${id} ${what}`,
    ...(failure === null
      ? []
      : [`it ended early (${failure.code}): ${printable(failure.message)}`]),
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

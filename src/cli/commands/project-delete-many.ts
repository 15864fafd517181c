import { ExpungeError } from "../../core/errors.ts";
import type { BulkDeleteJson, DeletionJson, PlanJson } from "../../http/schema/index.ts";
import { type WaitFlags, waitMsOf } from "../arguments.ts";
import type { ExpungeClient } from "../../client/index.ts";
import { confirm } from "../confirm.ts";
import { connect, type ServiceFlags } from "../connect.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { exitCodeOfDeletion, follow } from "../following.ts";
import { count, formatBytes, printable, table } from "../output.ts";
import type { Shell } from "../shell.ts";

export interface DeleteFlags extends ServiceFlags, WaitFlags {
  readonly dryRun?: true;
  readonly yes?: true;
  readonly grace?: string;
  readonly maxObjects?: number;
  readonly namePrefix?: string;
}

/** @throws ExpungeError `invalid-request` where nothing is named, or twice */
export function selectionOf(
  ids: readonly string[],
  namePrefix: string | undefined,
): BulkDeleteJson {
  if (namePrefix === undefined && ids.length > 0) return { ids: [...ids] };
  if (namePrefix !== undefined && namePrefix !== "" && ids.length === 0) return { namePrefix };
  throw new ExpungeError("invalid-request", "Name the ids of projects, or one --name-prefix.");
}

/** Deletes many projects and waits for all of them; each has its own end. */
export async function deleteProjects(
  shell: Shell,
  selection: BulkDeleteJson,
  flags: DeleteFlags,
): Promise<ExitCode> {
  const { io, out } = shell;
  const client = await connect(io, flags);
  if (flags.dryRun) {
    const plan = await client.projects.planMany(selection);
    await out.result(plan, () => [
      ...plansTable(plan.plans),
      ...refusedLines(plan.refused),
      ...(plan.more ? ["more projects have such a name than these"] : []),
      "nothing was changed",
    ]);
    return plan.refused.length > 0 ? EXIT.refused : EXIT.done;
  }
  if (!flags.yes) {
    const [what, word] =
      "ids" in selection
        ? [count(selection.ids.length, "project"), String(selection.ids.length)]
        : [
            `every project whose name begins with '${printable(selection.namePrefix)}'`,
            selection.namePrefix,
          ];
    await confirm(io, `All of ${what} will be removed for good.`, word);
  }
  const { deletions, refused } = await requestAll(client, selection, flags);
  const ended = await followAll(client, deletions, waitMsOf(flags));
  await out.result({ deletions: ended, refused }, () => [
    ...endsTable(ended),
    ...refusedLines(refused),
    `${ended.filter(({ state }) => state === "completed").length} of ${count(ended.length + refused.length, "project")} deleted and verified`,
  ]);
  return exitCodeOf(ended, refused.length);
}

interface Requested {
  readonly deletions: readonly DeletionJson[];
  readonly refused: readonly { readonly id: string; readonly code: string }[];
}

/** One call takes a thousand; a project that is refused by name is refused again and ends it. */
async function requestAll(
  client: ExpungeClient,
  selection: BulkDeleteJson,
  flags: DeleteFlags,
): Promise<Requested> {
  const deletions = new Map<string, DeletionJson>();
  const refused = new Map<string, { id: string; code: string }>();
  for (;;) {
    const before = deletions.size;
    const { grace, maxObjects } = flags;
    const answer = await client.projects.deleteMany(selection, { grace, maxObjects });
    for (const deletion of answer.deletions) deletions.set(deletion.id, deletion);
    for (const one of answer.refused) refused.set(one.id, one);
    if (!answer.more || deletions.size === before) break;
  }
  return { deletions: [...deletions.values()], refused: [...refused.values()] };
}

async function followAll(
  client: ExpungeClient,
  deletions: readonly DeletionJson[],
  waitMs: number,
): Promise<readonly DeletionJson[]> {
  const until = Date.now() + waitMs;
  const ended: DeletionJson[] = [];
  for (const deletion of deletions) {
    // One in grace waits by design, and nobody waits for days.
    const isInGrace = deletion.state === "trashed" && Date.parse(deletion.purgeAfter) > Date.now();
    const leftMs = isInGrace ? 0 : Math.max(0, until - Date.now());
    ended.push(await follow(client, deletion, { waitMs: leftMs }));
  }
  return ended;
}

/** The worst of what happened: residue before refusals before what has not ended. */
function exitCodeOf(deletions: readonly DeletionJson[], refused: number): ExitCode {
  const codes = new Set(deletions.map((deletion) => exitCodeOfDeletion(deletion)));
  if (codes.has(EXIT.residue)) return EXIT.residue;
  if (refused > 0 || codes.has(EXIT.refused)) return EXIT.refused;
  return codes.has(EXIT.accepted) ? EXIT.accepted : EXIT.done;
}

function plansTable(plans: readonly PlanJson[]): string[] {
  const rows = plans.map(({ projectId, objects, bytes }) => [
    printable(projectId),
    objects,
    formatBytes(bytes),
  ]);
  return table(["project", "objects", "bytes"], rows);
}

function endsTable(deletions: readonly DeletionJson[]): string[] {
  const rows = deletions.map(({ id, projectId, state, blocked }) => [
    printable(projectId),
    id,
    blocked === null ? state : `blocked: ${printable(blocked.reason)}`,
  ]);
  return rows.length > 0 ? table(["project", "deletion", "state"], rows) : [];
}

function refusedLines(refused: Requested["refused"]): string[] {
  return refused.map(({ id, code }) => `refused: ${printable(id)} (${code})`);
}

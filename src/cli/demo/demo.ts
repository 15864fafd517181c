import { loadPublicKeys, verifyJws } from "../../compose.ts";
import { isExpungeError } from "../../core/errors.ts";
import type { ReceiptPayload } from "../../core/receipt.ts";
import type { DeletionJson, PlanJson } from "../../http/schema/index.ts";
import { verifyReceipt } from "../../services/receipts.ts";
import { type ExpungeClient, isExpungeClientError } from "../../client/index.ts";
import { collected } from "../collected.ts";
import { planLines, surfaceLines } from "../deletion-view.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { follow } from "../following.ts";
import { count, formatBytes, type Output } from "../output.ts";
import { receiptLines } from "../receipt-view.ts";
import { checkFilesIntact, checkGone, checkPlantedIntact, type Fact, fact } from "./checks.ts";
import { type Filled, fill } from "./filling.ts";
import { ownFiles } from "./material.ts";
import { openWorld, type World } from "./world.ts";

const WAIT_MS = 60_000;
const POLL_EVERY_MS = 25;

export interface DemoHooks {
  /** Runs between the deletion and the check: a test proves with it that the check can fail. */
  readonly afterDeletion?: (world: World, gone: Filled) => Promise<void>;
}

/**
 * Plays the main job on real input, and checks what came of it: in a temporary directory, or in a
 * bucket, below a prefix of its own that is emptied again.
 */
export async function playDemo(
  out: Output,
  store: string | null = null,
  hooks: DemoHooks = {},
): Promise<ExitCode> {
  const startedAt = Date.now();
  await out.line(
    `starting the service in a temporary directory${store === null ? "" : `, on ${store}`}`,
  );
  const world = await openWorld(out.io, store);
  try {
    const played = await play(out, world, hooks);
    return await conclude(out, world.eye.by, played, (Date.now() - startedAt) / 1000);
  } finally {
    await world.close();
  }
}

interface Played {
  readonly facts: readonly Fact[];
  readonly plan: PlanJson;
  readonly deletion: DeletionJson;
  readonly payload: ReceiptPayload | null;
}

async function play(out: Output, world: World, hooks: DemoHooks): Promise<Played> {
  const { client } = world;
  const own = await ownFiles();
  const bytes = own.reduce((sum, file) => sum + file.bytes.length, 0);
  await out.line(
    `storing ${count(own.length, "file")} (${formatBytes(bytes)}) and one of 48 MiB, each in demo1 and demo10`,
  );
  const gone = await fill(world, "demo1", 1_000, own);
  const kept = await fill(world, "demo10", 2_000, own);
  await out.line("planted: untracked objects, an open upload and legacy objects, of both\n");
  const plan = await client.projects.plan(gone.id);
  for (const line of planLines(plan)) await out.line(line);
  const deletion = await deleteShown(out, client, gone.id);
  await hooks.afterDeletion?.(world, gone);
  const { facts, payload } = await checkReceipt(out, world, deletion, gone);
  return {
    facts: [
      ...plantedFacts(gone, plan),
      fact("the deletion is completed", deletion.state === "completed", deletion.state),
      ...facts,
      ...(await checkGone(world.eye, gone, [...gone.files.slice(own.length), gone.open.content])),
      await checkProjectGone(client, gone.id),
      ...(await checkKept(world, kept)),
    ],
    plan,
    deletion,
    payload,
  };
}

/** The demo shows nothing unless what it planted was really there, and seen. */
function plantedFacts(gone: Filled, plan: PlanJson): readonly Fact[] {
  const wanted = gone.files.length + gone.planted.length + 1;
  return [
    fact("an open upload lay in the store", gone.uploads.length === 1, `${gone.uploads.length}`),
    fact("the plan saw every object", plan.objects === wanted, `${plan.objects} of ${wanted}`),
  ];
}

async function deleteShown(out: Output, client: ExpungeClient, id: string): Promise<DeletionJson> {
  await out.line(`\ndeleting ${id}`);
  let shown = "";
  const { deletion } = await client.projects.requestDeletion(id);
  const ended = await follow(client, deletion, {
    waitMs: WAIT_MS,
    pollEveryMs: POLL_EVERY_MS,
    onProgress: async ({ state, surfaces }) => {
      const parts = surfaces.map(({ surface, deleted, found }) => `${surface} ${deleted}/${found}`);
      const text = `  ${state}: ${parts.join(", ")}`;
      if (text !== shown) await out.line(text);
      shown = text;
    },
  });
  for (const line of ["", ...surfaceLines(ended)]) await out.line(line);
  return ended;
}

/** Verifies the receipt as a stranger would: offline, with the public keys of the data dir. */
async function checkReceipt(
  out: Output,
  { dataDir }: World,
  deletion: DeletionJson,
  gone: Filled,
): Promise<{ facts: readonly Fact[]; payload: ReceiptPayload | null }> {
  const jws = deletion.receipt ?? "";
  const payload = await verified(dataDir, jws);
  if (payload !== null) {
    for (const line of ["", ...receiptLines(payload), "", jws, ""]) await out.line(line);
  }
  const wanted = gone.files.length + gone.planted.length + 1;
  const deleted = payload?.totals.deleted ?? 0;
  const middle = Math.floor(jws.length / 2);
  const changed = jws[middle] === "A" ? "B" : "A";
  const forged = await verified(dataDir, jws.slice(0, middle) + changed + jws.slice(middle + 1));
  const facts = [
    fact("the receipt's signature is valid", payload !== null, deletion.id),
    fact("a receipt with one changed character is refused", forged === null, "refused"),
    fact("the receipt counts what was there", deleted === wanted, `${deleted} of ${wanted}`),
  ];
  return { facts, payload };
}

async function verified(dataDir: string, jws: string): Promise<ReceiptPayload | null> {
  try {
    return await verifyReceipt({ verify: verifyJws }, jws, await loadPublicKeys({ dataDir }));
  } catch (error) {
    if (isExpungeError(error, "invalid-receipt")) return null;
    throw error;
  }
}

async function checkProjectGone(client: ExpungeClient, id: string): Promise<Fact> {
  const text = `the service says that ${id} is gone`;
  try {
    return fact(text, false, (await client.projects.get(id)).state);
  } catch (error) {
    if (!isExpungeClientError(error)) throw error;
    return fact(text, error.code === "project-deleted", error.code);
  }
}

async function checkKept({ client, eye }: World, kept: Filled): Promise<readonly Fact[]> {
  await client.uploads.complete(kept.id, kept.open.uploadId);
  const files = await collected(client.files.all(kept.id));
  const listed = files.map(({ path }) => path);
  const stored = [...kept.files, kept.open.content];
  const read = async (path: string): Promise<Uint8Array> =>
    await (await client.files.get(kept.id, path)).bytes();
  return [
    await checkFilesIntact(kept.id, stored, listed, read),
    await checkPlantedIntact(eye, kept),
  ];
}

async function conclude(
  out: Output,
  by: string,
  played: Played,
  seconds: number,
): Promise<ExitCode> {
  const { facts, plan, deletion, payload } = played;
  const failed = facts.filter(({ ok }) => !ok);
  const ok = failed.length === 0;
  await out.result({ ok, seconds, facts, plan, deletion, payload }, () => [
    `independent check, by ${by} alone and by reading everything back:`,
    ...facts.map((one) => {
      const mark = one.ok ? out.style("green", "ok  ") : out.style("red", "FAIL");
      return `  ${mark} ${one.fact} (${one.detail})`;
    }),
    "",
    ok
      ? `demo: ${facts.length} of ${facts.length} facts hold, ${seconds.toFixed(1)} s`
      : `demo: ${failed.length} of ${facts.length} facts do NOT hold: ${failed.map((one) => one.fact).join("; ")}`,
  ]);
  if (!ok) await out.note(`error: ${failed.map((one) => one.fact).join("; ")}: not so`);
  return ok ? EXIT.done : EXIT.unexpected;
}

import { setTimeout as sleep } from "node:timers/promises";
import { isTerminal } from "../core/deletion.ts";
import { LIMITS } from "../core/limits.ts";
import { type ExpungeClient, isExpungeClientError } from "../client/index.ts";
import type { DeletionJson } from "../http/schema/index.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";

export interface FollowOptions {
  readonly waitMs: number;
  /** Called with every answer of the service, the first one included. */
  readonly onProgress?: (deletion: DeletionJson) => void | Promise<void>;
  /** A block that stood before a retry tells nothing about the retry. */
  readonly ignoreBlock?: DeletionJson["blocked"];
  readonly pollEveryMs?: number;
}

/**
 * Follows a deletion until it has ended or is blocked, at most so long: by its events, or where these do
 * not come through, as behind a proxy that holds them back, by looking at it again and again.
 */
export async function follow(
  client: ExpungeClient,
  first: DeletionJson,
  options: FollowOptions,
): Promise<DeletionJson> {
  const until = Date.now() + options.waitMs;
  await options.onProgress?.(first);
  if (hasStopped(first, options.ignoreBlock) || options.waitMs <= 0) return first;
  const seen = await byEvents(client, first, options);
  return hasStopped(seen, options.ignoreBlock)
    ? seen
    : await byLooking(client, seen, options, until);
}

/** As far as events tell; their failure is no end, for looking meets what is really wrong. */
async function byEvents(
  client: ExpungeClient,
  first: DeletionJson,
  { waitMs, onProgress, ignoreBlock }: FollowOptions,
): Promise<DeletionJson> {
  const timeUp = AbortSignal.timeout(waitMs);
  let latest = first;
  try {
    for await (const { deletion } of client.deletions.follow(first.id, { signal: timeUp })) {
      latest = deletion;
      await onProgress?.(deletion);
      if (hasStopped(deletion, ignoreBlock)) break;
    }
  } catch (error) {
    if (!timeUp.aborted && !isExpungeClientError(error)) throw error;
  }
  return latest;
}

async function byLooking(
  client: ExpungeClient,
  first: DeletionJson,
  options: FollowOptions,
  until: number,
): Promise<DeletionJson> {
  let deletion = first;
  for (;;) {
    const leftMs = until - Date.now();
    if (hasStopped(deletion, options.ignoreBlock) || leftMs <= 0) return deletion;
    await sleep(Math.min(options.pollEveryMs ?? LIMITS.clientPollMs, leftMs));
    deletion = await client.deletions.get(first.id);
    await options.onProgress?.(deletion);
  }
}

function hasStopped(deletion: DeletionJson, ignored: DeletionJson["blocked"] | undefined): boolean {
  if (isTerminal(deletion.state)) return true;
  return deletion.blocked !== null && deletion.blocked.nextRetryAt !== ignored?.nextRetryAt;
}

/** The exit code of a command that ends with this deletion; a block from before a retry is no end. */
export function exitCodeOfDeletion(
  deletion: DeletionJson,
  ignoreBlock: DeletionJson["blocked"] = null,
): ExitCode {
  if (deletion.state === "completed") return EXIT.done;
  if (deletion.state === "restored") return EXIT.refused;
  return hasStopped(deletion, ignoreBlock) ? EXIT.residue : EXIT.accepted;
}

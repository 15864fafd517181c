import { setTimeout as sleep } from "node:timers/promises";
import { isTerminal } from "../core/deletion.ts";
import { LIMITS } from "../core/limits.ts";
import type { ExpungeClient } from "../client/index.ts";
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

/** Looks at a deletion until it has ended or is blocked, at most so long. */
export async function follow(
  client: ExpungeClient,
  first: DeletionJson,
  options: FollowOptions,
): Promise<DeletionJson> {
  const until = Date.now() + options.waitMs;
  let deletion = first;
  for (;;) {
    await options.onProgress?.(deletion);
    const leftMs = until - Date.now();
    if (hasStopped(deletion, options.ignoreBlock) || leftMs <= 0) return deletion;
    await sleep(Math.min(options.pollEveryMs ?? LIMITS.clientPollMs, leftMs));
    deletion = await client.deletions.get(first.id);
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

import { expect } from "vitest";
import { utf8 } from "../../../src/core/encoding.ts";
import { LIMITS } from "../../../src/core/limits.ts";
import type { Relayout } from "../../../src/ports/metadata/index.ts";
import { collect } from "../../../src/services/bytes.ts";
import { endStaleUploads } from "../../../src/services/uploads/ending.ts";
import { runRemovals } from "../../../src/services/files/removals.ts";
import type { NewRelayout } from "../../../src/services/relayout/relayouts.ts";
import { ADMIN, type TestService, type TestServiceOptions } from "../../support/context.ts";
import { adopt, keysOf, pathsOf, run, service } from "../adoption/adopting.ts";

/** What lies there, and what each object holds. */
export const SONGS = { "audio/p1/a": "first", "audio/p1/b": "second", "audio/p2/c": "third" };

/** A service with objects that were adopted: what each key holds. */
export async function adopted(
  contents: Readonly<Record<string, string>>,
  options: TestServiceOptions = {},
): Promise<TestService> {
  const one = await service(options);
  for (const [key, text] of Object.entries(contents)) await one.objects.put(key, utf8(text));
  await adopt(one);
  return one;
}

export async function relayout(one: TestService, input: NewRelayout = {}): Promise<Relayout> {
  const { relayout: begun } = await one.services.relayouts.start(ADMIN, {
    dryRun: false,
    ...input,
  });
  return await ended(one, begun.id);
}

export async function endRelayout(
  one: TestService,
  action: "finish" | "undo",
  id: string,
): Promise<Relayout> {
  const begun = await one.services.relayouts[action](ADMIN, id, { dryRun: false });
  return await ended(one, begun.relayout.id);
}

export async function ended(one: TestService, id: string): Promise<Relayout> {
  await run(one, id);
  const { relayout: found } = await one.services.relayouts.get(ADMIN, id);
  expect(found.completedAt).not.toBeNull();
  return found;
}

export async function heldBy(one: TestService, id: string): Promise<readonly string[]> {
  const held = await one.metadata.listHeld(id, { limit: 99 });
  return held.map(({ key }) => key);
}

export async function spared(one: TestService, { id }: Relayout): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const note of one.services.relayouts.spared(ADMIN, id)) {
    lines.push(`${note.code} ${note.key}`);
  }
  return lines.toSorted();
}

/** What every file of a project is read as. */
export async function readAll(
  one: TestService,
  projectId: string,
): Promise<Readonly<Record<string, string>>> {
  const texts: Record<string, string> = {};
  for (const path of await pathsOf(one, projectId)) {
    const { body } = await one.services.files.get(ADMIN, projectId, path);
    texts[path] = Buffer.from(await collect(body, LIMITS.fileBytesMax)).toString();
  }
  return texts;
}

/** Keys that are not canonical. */
export const legacyKeysOf = (one: TestService): readonly string[] =>
  keysOf(one).filter((key) => !/^projects\/[0-9a-z]{26}\//.test(key));

/** What the jobs do that nobody works on here. */
export async function settle(one: TestService): Promise<void> {
  const signal = new AbortController().signal;
  await endStaleUploads(one.context, signal);
  await runRemovals(one.context, signal);
}

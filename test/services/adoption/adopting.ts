import { afterEach, expect, vi } from "vitest";
import { utf8 } from "../../../src/core/encoding.ts";
import type { LayoutDefinition } from "../../../src/core/layouts/index.ts";
import type { Adoption } from "../../../src/ports/metadata/index.ts";
import type { NewAdoption } from "../../../src/services/adoption/adoptions.ts";
import { carryOutRun } from "../../../src/services/runs.ts";
import {
  ADMIN,
  makeService,
  type TestService,
  type TestServiceOptions,
} from "../../support/context.ts";

const services: TestService[] = [];
afterEach(async () => {
  for (const one of services.splice(0)) await one.stop();
});

export const LAYOUTS: readonly LayoutDefinition[] = [
  { name: "audio", template: "audio/{project}/**" },
  { name: "users", template: "users/*/projects/{project}/**" },
];

export async function service(options: TestServiceOptions = {}): Promise<TestService> {
  const made = await makeService({ layouts: LAYOUTS, work: false, pauseMaxMs: 1, ...options });
  services.push(made);
  return made;
}

export async function put({ objects }: TestService, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await objects.put(key, utf8(key));
}

export async function run({ context }: TestService, id: string): Promise<void> {
  await carryOutRun(context, id, new AbortController().signal);
}

export async function adopt(one: TestService, input: NewAdoption = {}): Promise<Adoption> {
  const begun = await one.services.adoptions.start(ADMIN, { minAgeMs: 0, dryRun: false, ...input });
  await run(one, begun.id);
  // Where jobs are worked on, another worker may have it.
  return await vi.waitFor(async () => {
    const adoption = await one.services.adoptions.get(ADMIN, begun.id);
    expect(adoption.completedAt).not.toBeNull();
    return adoption;
  });
}

export async function refusals(one: TestService, { id }: Adoption): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const note of one.services.adoptions.refusals(ADMIN, id)) {
    lines.push(`${note.code} ${note.key}`);
  }
  return lines;
}

export async function pathsOf(
  { services: all }: TestService,
  id: string,
): Promise<readonly string[]> {
  const { items } = await all.files.list(ADMIN, id, { limit: 100 });
  return items.map(({ path }) => path);
}

export const keysOf = ({ objects }: TestService): readonly string[] =>
  [...objects.view().keysBelow("")].filter((key) => !key.startsWith(".expunge/"));

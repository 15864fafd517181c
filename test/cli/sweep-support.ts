import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { BUCKET, type ServedBucket } from "./bucket.ts";
import { expunge, temporaryDir } from "./harness.ts";

const BYTES = new TextEncoder().encode("12345");

export interface Swept {
  readonly found: number;
  readonly deleted: number;
  readonly bytes: number;
  readonly spared: number;
  readonly verified: boolean;
  readonly resumed: boolean;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface Line {
  readonly key: string;
  readonly outcome: string | null;
  readonly code?: string;
  readonly uploadId?: string;
  readonly end?: true;
}

/** Puts objects of five bytes into a bucket. */
export async function filled(served: ServedBucket, keys: readonly string[]): Promise<ServedBucket> {
  for (const key of keys) await served.server.bucket(BUCKET).store.put(key, BYTES);
  return served;
}

export function keysOf({ server }: ServedBucket): string[] {
  return [...server.bucket(BUCKET).store.snapshot().objects.keys()].toSorted();
}

export async function sweep(
  { env }: ServedBucket,
  ...argv: string[]
): Promise<{ code: number; document: Swept }> {
  const cwd = await temporaryDir();
  const { code, stdout } = await expunge(["sweep", ...argv, "--json"], { cwd, env });
  return { code, document: JSON.parse(stdout) as Swept };
}

export async function linesOf(path: string): Promise<Line[]> {
  const text = await readFile(path, "utf8");
  expect(text.endsWith("\n")).toBe(true);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

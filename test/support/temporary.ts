import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

const made: string[] = [];

/** A new directory that is gone when the tests of the file are over. */
export function temporaryPath(name: string): string {
  const path = mkdtempSync(join(tmpdir(), `expunge-${name}-`));
  made.push(path);
  return path;
}

afterAll(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

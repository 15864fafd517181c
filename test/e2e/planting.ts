import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ServiceProcess } from "../support/service-process.ts";

const IN_FLIGHT = 16;

/** Runs pieces of work, some at a time. */
export async function inParallel(count: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

/** Stores files over HTTP, as an application would. */
export async function putFiles(
  service: ServiceProcess,
  projectId: string,
  count: number,
): Promise<void> {
  await inParallel(count, async (i) => {
    const response = await service.request("PUT", `/v1/projects/${projectId}/files/dir/${i}.txt`, {
      body: `file ${i} of ${projectId}`,
      headers: { "content-type": "text/plain" },
    });
    if (response.status !== 201) throw new Error(await response.text());
    await response.arrayBuffer();
  });
}

/** Puts objects into the directory past expunge: what usually stays behind. */
export async function plant(objectsDir: string, below: string, count: number): Promise<void> {
  const dir = join(objectsDir, below);
  await mkdir(dir, { recursive: true });
  await inParallel(count, async (i) => await writeFile(join(dir, `stray-${i}`), `stray ${i}`));
}

/** Every file below a directory by plain readdir: an eye that is not expunge's. */
export async function filesBelow(dir: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

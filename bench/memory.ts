import { readFile, writeFile } from "node:fs/promises";

/** From now on the mark counts anew (proc(5): clear_refs); where there is no /proc, nothing is counted. */
export async function forgetHighWaterMark(pid: number): Promise<void> {
  try {
    await writeFile(`/proc/${pid}/clear_refs`, "5");
  } catch {
    // The figure is then that of the whole life of the process, and larger.
  }
}

/** The most memory that a process has had so far (proc(5): VmHWM), bytes; 0 where there is no /proc. */
export async function highWaterMark(pid: number): Promise<number> {
  return await memoryOf(pid, "VmHWM");
}

/** What it has now, bytes; 0 where there is no /proc. */
export async function residentBytes(pid: number): Promise<number> {
  return await memoryOf(pid, "VmRSS");
}

async function memoryOf(pid: number, name: "VmHWM" | "VmRSS"): Promise<number> {
  try {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

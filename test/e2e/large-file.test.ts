import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { download, upload } from "../../bench/stream/transfer.ts";
import { ServiceProcess, temporaryDir } from "../support/service-process.ts";

const MiB = 1024 * 1024;
const SIZE_BYTES = 256 * MiB;
/** Chunks that await their collection; the file itself would be four times as much. */
const GROWTH_MAX_BYTES = 64 * MiB;

function memoryOf(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
}

test.runIf(process.platform === "linux")(
  "a process that serves does not grow with a large file that passes, up or down",
  async () => {
    await using dir = await temporaryDir();
    const service = await ServiceProcess.start(dir.path);
    try {
      await service.json("POST", "/v1/projects", { json: { id: "p1" }, status: 201 });
      const url = `${service.url}/v1/projects/p1/files/large`;
      const headers = { authorization: `Bearer ${service.flags[3] ?? ""}` };
      // What a first file brings along is not of its size.
      await upload(url, MiB, headers);
      await download(url, MiB, headers);
      const before = memoryOf(service.pid, "VmRSS");
      // The mark of the most counts anew from here (proc(5), clear_refs).
      writeFileSync(`/proc/${service.pid}/clear_refs`, "5");
      await upload(url, SIZE_BYTES, headers);
      await download(url, SIZE_BYTES, headers);
      expect(memoryOf(service.pid, "VmHWM") - before).toBeLessThan(GROWTH_MAX_BYTES);
    } finally {
      await service.stop();
    }
  },
  120_000,
);

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startService } from "../service.ts";
import type { Headers } from "./transfer.ts";

const PROJECT = "bench";

/** A server under measurement: where a file is put and read, and how it is removed again. */
export interface StreamServer {
  readonly name: string;
  readonly pid: number;
  readonly headers: Headers;
  urlOf(file: string, options: { readonly sync: boolean }): string;
  remove(file: string): Promise<void>;
}

export interface Servers extends AsyncDisposable {
  readonly bare: StreamServer;
  readonly expunge: StreamServer;
}

/** Starts both on one file system; they end with this process. @param database null: the embedded one */
export async function openServers(directory: string, database: string | null): Promise<Servers> {
  const bareDirectory = join(directory, "bare");
  await mkdir(bareDirectory);
  const script = new URL("bare-server.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, bareDirectory], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [bareUrl] = (await once(createInterface(child.stdout), "line")) as [string];
  const service = await startService(join(directory, "expunge"), database);
  await service.json("POST", "/v1/projects", { json: { id: PROJECT }, status: 201 });
  const files = `/v1/projects/${PROJECT}/files/`;
  return {
    bare: {
      name: "bare",
      pid: child.pid ?? 0,
      headers: {},
      urlOf: (file, { sync }) => `${bareUrl}/${file}${sync ? "?sync" : ""}`,
      remove: (file) => rm(join(bareDirectory, `_${file}`)),
    },
    expunge: {
      name: "expunge",
      pid: service.pid,
      headers: { authorization: `Bearer ${service.flags[3] ?? ""}` },
      urlOf: (file) => `${service.url}${files}${file}`,
      remove: async (file) => {
        await service.json("DELETE", files + file, { status: 204 });
      },
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await Promise.all([child.exitCode === null ? once(child, "close") : null, service.stop()]);
    },
  };
}

import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ServiceProcess, type StartOptions } from "../test/support/service-process.ts";
import { ROOT } from "./machine.ts";

/**
 * The service on a local store in this directory, where no other is set.
 * @param database null: the embedded one
 */
export async function startService(
  directory: string,
  database: string | null,
  more: StartOptions = {},
): Promise<ServiceProcess> {
  if (database === null) return await ServiceProcess.start(directory, more);
  const env = {
    ...more.env,
    EXPUNGE_DATABASE: database,
    EXPUNGE_SIGNING_KEY: await makeKey(directory),
  };
  return await ServiceProcess.start(directory, { ...more, env });
}

/** The command line as it is published, built from what lies here. */
export async function published(): Promise<string> {
  await promisify(execFile)("npm", ["run", "--silent", "build"], { cwd: ROOT });
  return join(ROOT, "dist/cli/main.js");
}

async function makeKey(directory: string): Promise<string> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const path = join(directory, "bench-key.pem");
  await mkdir(directory, { recursive: true });
  await writeFile(path, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  return path;
}

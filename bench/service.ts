import { generateKeyPairSync } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ServiceProcess } from "../test/support/service-process.ts";

/** The service on a local store in this directory. @param database null: the embedded one */
export async function startService(
  directory: string,
  database: string | null,
): Promise<ServiceProcess> {
  if (database === null) return await ServiceProcess.start(directory);
  const env = {
    EXPUNGE_DATABASE: database,
    EXPUNGE_SIGNING_KEY: await makeKey(directory),
  };
  return await ServiceProcess.start(directory, { env });
}

async function makeKey(directory: string): Promise<string> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const path = join(directory, "bench-key.pem");
  await mkdir(directory, { recursive: true });
  await writeFile(path, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  return path;
}

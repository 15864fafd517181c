import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Below the ports that the kernel gives to outgoing connections, which could take one in between. */
const FIRST = 15_000;
const BEHIND_LAST = 32_000;
const ATTEMPTS_MAX = 1000;

/** So many ports of 127.0.0.1 on which nobody listens now. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  for (let attempt = 0; ports.size < count; attempt++) {
    if (attempt >= ATTEMPTS_MAX) throw new Error(`no ${count} free ports on 127.0.0.1`);
    const port = randomInt(FIRST, BEHIND_LAST);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

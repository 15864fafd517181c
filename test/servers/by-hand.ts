import { once } from "node:events";

/**
 * Shows how to find a server that runs by hand, as lines for a shell, and keeps it until Ctrl-C or the
 * end of stdin.
 */
export async function keepByHand(
  variables: Readonly<Record<string, string>>,
  stop: () => Promise<void>,
): Promise<void> {
  for (const [name, value] of Object.entries(variables)) process.stdout.write(`${name}=${value}\n`);
  process.stdin.resume();
  await Promise.race([
    once(process, "SIGINT"),
    once(process, "SIGTERM"),
    once(process.stdin, "end"),
  ]);
  await stop();
  process.stdin.destroy();
}

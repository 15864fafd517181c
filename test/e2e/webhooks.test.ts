import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ServiceProcess, temporaryDir } from "../support/service-process.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";

test(
  "what happened before a service was killed reaches the application after its next start",
  { timeout: 120_000 },
  async () => {
    await using dir = await temporaryDir();
    // Nobody listens while the service lives, so nothing can have been delivered by the kill.
    const before = await WebhookReceiver.start();
    const { port, secret } = before;
    await before[Symbol.asyncDispose]();
    const webhooks = [{ url: `http://127.0.0.1:${port}/hook`, secret: { env: "HOOK_SECRET" } }];
    await writeFile(join(dir.path, "expunge.config.json"), JSON.stringify({ webhooks }));
    const dataDir = join(dir.path, "data");
    const env = { EXPUNGE_WEBHOOKS_ALLOW_PRIVATE: "true", HOOK_SECRET: secret };
    const killed = await ServiceProcess.start(dataDir, { env, cwd: dir.path });
    await killed.json("POST", "/v1/projects", { json: { id: "p1" }, status: 201 });
    await killed.json("PUT", "/v1/projects/p1/files/a", { status: 201 });
    await killed.json("DELETE", "/v1/projects/p1");
    await killed.kill();

    await using receiver = await WebhookReceiver.start(port);
    const service = await ServiceProcess.start(dataDir, { env, cwd: dir.path });
    try {
      await receiver.until(2);
      expect(receiver.forged).toEqual([]);
      const told = receiver.received.map(({ body }) => (JSON.parse(body) as { type: string }).type);
      expect(new Set(told)).toEqual(new Set(["file.created", "project.deleted"]));
      expect(killed.output + service.output).not.toContain(secret);
    } finally {
      await service.kill();
    }
  },
);

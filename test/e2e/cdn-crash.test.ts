import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { API_TOKEN, CloudflareServer, ZONE } from "../support/cloudflare.ts";
import { ServiceProcess, temporaryDir } from "../support/service-process.ts";
import { filesBelow } from "./planting.ts";

const DOMAIN = "files.example.org";

test(
  "a service that is killed while the CDN has not answered asks it again after its next start",
  { timeout: 180_000 },
  async () => {
    await using dir = await temporaryDir();
    await using cloudflare = await CloudflareServer.start();
    cloudflare.faults = ["hang", "accept"];
    const { endpoint } = cloudflare;
    const cdn = { kind: "cloudflare", zone: ZONE, domain: DOMAIN, endpoint };
    await writeFile(join(dir.path, "expunge.config.json"), JSON.stringify({ cdn }));
    const dataDir = join(dir.path, "data");
    const start = { env: { EXPUNGE_CDN_API_TOKEN: API_TOKEN }, cwd: dir.path };
    const killed = await ServiceProcess.start(dataDir, start);
    const { uid } = await killed.json("POST", "/v1/projects", { json: { id: "p1" }, status: 201 });
    await killed.request("PUT", "/v1/projects/p1/files/a.txt", { body: "one" });
    const headers = { prefer: "respond-async" };
    const requested = await killed.request("DELETE", "/v1/projects/p1", { headers });
    const { id } = (await requested.json()) as { id: string };
    await expect.poll(() => cloudflare.requests, { timeout: 30_000 }).toBe(1);
    expect(await filesBelow(join(dataDir, "objects", "projects", String(uid)))).toEqual([]);
    expect(await killed.json("GET", `/v1/deletions/${id}`)).toMatchObject({ receipt: null });
    await killed.kill();

    const service = await ServiceProcess.start(dataDir, start);
    try {
      const state = async () => (await service.json("GET", `/v1/deletions/${id}`))["state"];
      await expect.poll(state, { timeout: 30_000 }).toBe("completed");
      expect(cloudflare.requests).toBe(2);
      expect(cloudflare.accepted).toEqual([[`${DOMAIN}/projects/${String(uid)}`]]);
      const { payload } = await service.json("GET", `/v1/receipts/${String(uid)}`);
      expect(payload).toMatchObject({
        totals: { deleted: 1 },
        cdn: { provider: "cloudflare", domain: DOMAIN, mode: "prefix" },
        surfaces: expect.arrayContaining([
          expect.objectContaining({ surface: "cdn", deleted: 1, guarantee: "requested" }),
        ]) as unknown,
      });
      expect(killed.output + service.output).not.toContain(API_TOKEN);
    } finally {
      await service.kill();
    }
  },
);

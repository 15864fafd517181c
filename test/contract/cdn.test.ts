import { CloudflareCdn } from "../../src/adapters/cloudflare-cdn.ts";
import { JoinedCdn } from "../../src/adapters/joined-cdn.ts";
import { MemoryCdn } from "../../src/adapters/memory/cdn.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { API_TOKEN, CloudflareServer, ZONE } from "../support/cloudflare.ts";
import { cdnContract } from "./cdn.ts";

cdnContract("memory", async (mode) => {
  const cdn = new MemoryCdn(mode);
  return { cdn, purged: () => cdn.accepted.flat(), [Symbol.asyncDispose]: async () => {} };
});

cdnContract("memory, joined", async (mode) => {
  const memory = new MemoryCdn(mode);
  return {
    cdn: new JoinedCdn(memory, new SystemClock()),
    purged: () => memory.accepted.flat(),
    [Symbol.asyncDispose]: async () => {},
  };
});

cdnContract("Cloudflare", async (mode) => {
  const server = await CloudflareServer.start();
  const cdn = new CloudflareCdn({
    zone: ZONE,
    apiToken: API_TOKEN,
    mode,
    address: { domain: "cdn.example.org", keyPrefix: "" },
    endpoint: server.endpoint,
    userAgent: "expunge/test",
  });
  return {
    cdn,
    purged: () => server.purged,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});

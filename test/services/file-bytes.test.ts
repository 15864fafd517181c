import { afterEach, describe, expect, it } from "vitest";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { ADMIN, makeService, putText } from "../support/context.ts";
import { emptyReplyBody, shortBody } from "../wire/fault-kinds.ts";
import { WireServer } from "../wire/server.ts";

const closings: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

async function start() {
  const server = await WireServer.start();
  server.makeBucket("files");
  const { endpoint, region, credentials } = server;
  const clock = new SystemClock();
  const s3 = new S3ObjectStore({ bucket: "files", endpoint, region, ...credentials, clock });
  const service = await makeService({ wrap: () => s3 });
  closings.push(async () => {
    await service.stop();
    s3.close();
    await server.stop();
  });
  await service.services.projects.create(ADMIN, { id: "p1" });
  await putText(service, "p1", "a.txt", "all of these bytes");
  return { server, service };
}

describe("a file's bytes", () => {
  it("are refused where the store gives an object of another size, though its reply is whole", async () => {
    const { server, service } = await start();
    const { files } = service.services;
    for (const fault of [shortBody(1), shortBody(100), emptyReplyBody()]) {
      server.faults.plan({ operation: "GetObject", times: 1 }, fault);
      await expect(files.get(ADMIN, "p1", "a.txt"), fault.name).rejects.toMatchObject({
        code: "object-missing",
      });
    }
    const pieces: Uint8Array[] = [];
    for await (const piece of (await files.get(ADMIN, "p1", "a.txt")).body) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).toBe("all of these bytes");
  });
});

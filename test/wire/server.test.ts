import { describe, expect, it } from "vitest";
import { StoreError } from "../../src/core/store-errors.ts";
import { sendRaw } from "./client.ts";
import { loseReply, silence } from "./fault-kinds.ts";
import { WireServer } from "./server.ts";

const LIST = { method: "GET", path: "/box", query: "list-type=2" };

describe("the wire server", () => {
  it("ends connections that hang when it stops, and listens no more", async () => {
    let endpoint = "";
    let hanging: Promise<unknown>[] = [];
    {
      await using server = await WireServer.start();
      endpoint = server.endpoint;
      server.makeBucket("box");
      server.faults.plan({ operation: "any", times: 1 }, silence());
      const planned = server.faults.plan({ operation: "any" }, loseReply("hang"));
      hanging = [sendRaw(server, LIST), sendRaw(server, LIST)];
      for (const one of hanging) one.catch(() => undefined);
      await expect.poll(() => planned.hits).toBe(1);
    }
    for (const one of hanging) await expect(one).rejects.toThrow();
    await expect(fetch(endpoint)).rejects.toThrow();
  });

  it("listens on this machine alone, with a port of its own", async () => {
    await using one = await WireServer.start();
    await using other = await WireServer.start();
    expect(one.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(one.endpoint).not.toBe(other.endpoint);
    expect(() => one.bucket("box")).toThrow("no bucket");
  });

  it("does not let a defect of its own pass for an answer of S3", async () => {
    const server = await WireServer.start();
    server.makeBucket("box").store.failures.fail = () =>
      new StoreError("io-error", "unknown", "a store that S3 has no words for");
    expect((await sendRaw(server, LIST)).code).toBe("WireServerBroke");
    await expect(server.stop()).rejects.toThrow("the wire server broke");
  });

  it("counts requests by operation and logs each with what became of it", async () => {
    await using server = await WireServer.start();
    server.makeBucket("box");
    const read = server.reached("GetObject", 1);
    await sendRaw(server, { method: "PUT", path: "/box/k", body: "x" });
    await server.reached("PutObject", 1);
    await sendRaw(server, { ...LIST, query: "list-type=2&prefix=p" });
    await sendRaw(server, { method: "GET", path: "/box/none" });
    await read;
    await sendRaw(server, { method: "PATCH", path: "/box/k" });
    const { PutObject, ListObjectsV2, GetObject, HeadObject } = server.requests;
    expect([PutObject, ListObjectsV2, GetObject, HeadObject]).toEqual([1, 1, 1, 0]);
    expect(
      server.log.map(({ method, operation, bucket, key, status }) => [
        method,
        operation,
        bucket,
        key,
        status,
      ]),
    ).toEqual([
      ["PUT", "PutObject", "box", "k", 200],
      ["GET", "ListObjectsV2", "box", "p", 200],
      ["GET", "GetObject", "box", "none", 404],
      ["PATCH", null, "box", "k", 501],
    ]);
  });
});

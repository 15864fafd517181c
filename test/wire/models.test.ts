import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { Rng } from "../simulation/random.ts";
import { dialectOf } from "./dialects.ts";
import { BUCKET, refusalOf, useWire, type Wire } from "./fixture.ts";
import { latencyMs, RateLimiter } from "./models.ts";

const start = useWire();

/** A clock that a test moves by hand. */
function handClock() {
  let now = Date.now();
  return { now: () => now, moveMs: (ms: number) => (now += ms) };
}

function put({ client }: Wire, Key: string): Promise<unknown> {
  return client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: "x" }));
}

async function endsOf(count: number, call: (i: number) => Promise<unknown>): Promise<string> {
  let ends = "";
  for (let i = 0; i < count; i++)
    ends += await call(i).then(
      () => ".",
      () => "x",
    );
  return ends;
}

describe("the models of time and rate", () => {
  it("let through a burst and then an even rate, and answer the rest with SlowDown", async () => {
    const clock = handClock();
    const rate = { requestsPerSecond: 10, burst: 3, per: "bucket" } as const;
    const wire = await start({ clock, rate });
    expect(await endsOf(5, (i) => put(wire, `${i}/k`))).toBe("...xx");
    expect(await refusalOf(put(wire, "k"))).toEqual([503, "SlowDown"]);
    clock.moveMs(200);
    expect(await endsOf(4, (i) => put(wire, `${i}/k`))).toBe("..xx");
    clock.moveMs(60_000);
    expect(await endsOf(5, (i) => put(wire, `${i}/k`))).toBe("...xx");
    expect(wire.server.requests.PutObject).toBe(15);
  });

  it("count each first segment of keys by itself where that is the rate's", () => {
    const limiter = new RateLimiter({ requestsPerSecond: 1, per: "prefix" }, () => 0);
    const admitted = ["a/1", "a/2", "b/1", "b", "c"].map((key) => limiter.admits("box", key));
    expect(admitted).toEqual([true, false, true, false, true]);
    expect(limiter.admits("other", "a/1")).toBe(true);
  });

  it("let operations take their time, the same for the same seed", async () => {
    const model = { ListParts: 7, GetObject: { minMs: 10, maxMs: 20 }, rest: 1 };
    const draw = (seed: number) => {
      const random = new Rng(seed);
      return Array.from({ length: 20 }, () => latencyMs(model, "GetObject", random));
    };
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
    expect(draw(3).every((ms) => ms >= 10 && ms <= 20)).toBe(true);
    expect(latencyMs(model, "ListParts", new Rng(1))).toBe(7);
    expect(latencyMs(model, "PutObject", new Rng(1))).toBe(1);
    expect(latencyMs({}, "PutObject", new Rng(1))).toBe(0);
    const wire = await start({ latency: { GetObject: 60 } });
    await put(wire, "k");
    const startMs = performance.now();
    await wire.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: "k" }));
    expect(performance.now() - startMs).toBeGreaterThan(55);
  });

  it("let one key be written once a second where R2 says so, and others beside it", async () => {
    const clock = handClock();
    const dialect = dialectOf("r2", { keyWritesPerSecond: 1 });
    const wire = await start({ clock, dialect });
    await put(wire, "k");
    expect(await refusalOf(put(wire, "k"))).toEqual([429, "TooManyRequests"]);
    await put(wire, "other");
    clock.moveMs(1001);
    await put(wire, "k");
  });
});

import { once } from "node:events";
import { createServer, type AddressInfo, type LookupFunction, type Server } from "node:net";
import { describe, expect, test } from "vitest";
import {
  HttpWebhooks,
  type HttpWebhooksOptions,
} from "../../../src/adapters/webhooks/http-webhooks.ts";
import { privateAddresses } from "../../../src/adapters/webhooks/private-addresses.ts";
import { SystemClock } from "../../../src/adapters/system-clock.ts";
import { webhookId } from "../../../src/core/webhooks.ts";
import { WebhookReceiver } from "../../support/webhook-receiver.ts";

const MESSAGE = { id: "msg_1", body: '{"type":"file.created"}' };
const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

function senderTo(
  url: string,
  options: Partial<HttpWebhooksOptions> & { readonly secret?: string } = {},
): { readonly sender: HttpWebhooks; readonly id: string } {
  const { secret = SECRET, ...rest } = options;
  const target = { url, secret, events: ["file.created"] as const };
  const all = { clock: new SystemClock(), userAgent: "expunge/test", allowPrivate: true, ...rest };
  return { sender: new HttpWebhooks([target], all), id: webhookId(url) };
}

/** A port that answers each connection by these words, and counts them. */
async function rawServer(
  words: string,
): Promise<AsyncDisposable & { port: number; dialled: () => number }> {
  let dialled = 0;
  const server: Server = createServer((socket) => {
    dialled++;
    socket.on("error", () => {});
    socket.once("data", () => socket.write(words));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    dialled: () => dialled,
    [Symbol.asyncDispose]: async () => {
      server.close();
    },
  };
}

describe("an attempt at a webhook", () => {
  test("carries the headers of Standard Webhooks and a signature that holds", async () => {
    await using receiver = await WebhookReceiver.start();
    const { sender, id } = senderTo(receiver.url(), { secret: receiver.secret });
    expect(await sender.send(id, MESSAGE)).toEqual({ result: "delivered", status: 204 });
    expect(receiver.forged).toEqual([]);
    expect(receiver.received).toMatchObject([
      {
        path: "/hook",
        body: MESSAGE.body,
        headers: {
          "content-type": "application/json",
          "user-agent": "expunge/test",
          "webhook-id": MESSAGE.id,
        },
      },
    ]);
    const sentAt = Number(receiver.received[0]?.headers["webhook-timestamp"]);
    expect(Math.abs(sentAt - Date.now() / 1000)).toBeLessThan(60);
  });

  test("is not believed under another secret", async () => {
    await using receiver = await WebhookReceiver.start();
    const { sender, id } = senderTo(receiver.url());
    await sender.send(id, MESSAGE);
    expect(receiver.forged).toHaveLength(1);
  });

  test.each([
    [302, "failed", "redirects"],
    [400, "failed", "answered 400"],
    [410, "gone", "gone"],
    [503, "failed", "answered 503"],
  ])("that is answered by %i is no success", async (status, result, words) => {
    await using receiver = await WebhookReceiver.start();
    receiver.answers = [status];
    const { sender, id } = senderTo(receiver.url("/secret-path"));
    const answer = await sender.send(id, MESSAGE);
    expect(answer).toEqual({
      result,
      code: `status-${status}`,
      message: expect.stringContaining(words) as string,
    });
    expect(receiver.received.map(({ path }) => path)).toEqual(["/secret-path"]);
    expect(JSON.stringify(answer)).not.toContain("secret-path");
  });

  test("ends where nobody listens, and where the name is unknown", async () => {
    const receiver = await WebhookReceiver.start();
    const url = receiver.url();
    await receiver[Symbol.asyncDispose]();
    const away = senderTo(url);
    expect(await away.sender.send(away.id, MESSAGE)).toMatchObject({
      code: "connection-failed",
      message: "the connection failed: ECONNREFUSED",
    });
    const unknown: LookupFunction = (_name, _options, done) =>
      done(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }), "");
    const nowhere = senderTo("https://nowhere.example/", { lookup: unknown });
    expect(await nowhere.sender.send(nowhere.id, MESSAGE)).toMatchObject({ code: "not-resolved" });
  });

  test("ends at its bound where the answer does not come, or does not end", async () => {
    for (const words of ["", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx"]) {
      await using server = await rawServer(words);
      const { sender, id } = senderTo(`http://127.0.0.1:${server.port}/`, { timeoutMs: 100 });
      expect(await sender.send(id, MESSAGE)).toMatchObject({ result: "failed", code: "timeout" });
    }
  });

  test("reads no more of an answer than its bound", async () => {
    const body = "x".repeat(200_000);
    await using server = await rawServer(`HTTP/1.1 200 OK\r\n\r\n${body}`);
    const { sender, id } = senderTo(`http://127.0.0.1:${server.port}/`);
    expect(await sender.send(id, MESSAGE)).toEqual({ result: "delivered", status: 200 });
  });

  test("is broken off by its caller", async () => {
    await using server = await rawServer("");
    const { sender, id } = senderTo(`http://127.0.0.1:${server.port}/`);
    const stop = new AbortController();
    const sent = sender.send(id, MESSAGE, stop.signal);
    stop.abort(new Error("stopped"));
    await expect(sent).rejects.toThrow("stopped");
  });

  test("at an endpoint that is not configured is an answer too", async () => {
    const { sender } = senderTo("https://hooks.example/");
    expect(await sender.send("WEBHOOK-none", MESSAGE)).toMatchObject({ code: "not-configured" });
  });

  test("shows of the URL no more than where it leads", () => {
    const { sender, id } = senderTo("https://hooks.example:8443/secret?token=x");
    expect(sender.endpoints).toEqual([
      { id, shownUrl: "https://hooks.example:8443/(redacted)", events: ["file.created"] },
    ]);
  });
});

describe("a webhook to an address that is not public", () => {
  const resolvesTo =
    (...addresses: readonly string[]): LookupFunction =>
    (_name, _options, done) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
      );

  test.each(["http", "https"])("is not dialled over %s, whatever its name says", async (scheme) => {
    await using server = await rawServer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    const hosts = ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:7f00:1]"];
    for (const host of [...hosts, "public.example"]) {
      const url = `${scheme}://${host}:${server.port}/`;
      const lookup = host === "public.example" ? { lookup: resolvesTo("127.0.0.1") } : {};
      const { sender, id } = senderTo(url, { allowPrivate: false, ...lookup });
      expect([host, await sender.send(id, MESSAGE)]).toEqual([
        host,
        expect.objectContaining({ result: "failed", code: "address-refused" }),
      ]);
    }
    expect(server.dialled()).toBe(0);
  });

  test("is refused also where one name leads to several of them", async () => {
    const lookup = resolvesTo("10.0.0.1", "fd00::1");
    const { sender, id } = senderTo("https://two.example/", { allowPrivate: false, lookup });
    expect(await sender.send(id, MESSAGE)).toMatchObject({ code: "address-refused" });
  });

  test("is refused where the name led elsewhere the time before", async () => {
    await using receiver = await WebhookReceiver.start();
    const turns = ["192.0.2.1", "169.254.169.254", "127.0.0.1"];
    const seen: string[] = [];
    const lookup: LookupFunction = (name, options, done) => {
      const next = turns.shift() ?? "127.0.0.1";
      seen.push(next);
      resolvesTo(next)(name, options, done);
    };
    const url = `http://rebound.example:${receiver.port}/`;
    const { sender, id } = senderTo(url, { allowPrivate: false, lookup });
    for (let i = 0; i < 3; i++) {
      expect(await sender.send(id, MESSAGE)).toMatchObject({ code: "address-refused" });
    }
    // One look-up for each attempt, and it is that one's answer which is dialled.
    expect(seen).toEqual(["192.0.2.1", "169.254.169.254", "127.0.0.1"]);
    expect(receiver.received).toEqual([]);
  });

  test("is reached where that is allowed", async () => {
    await using receiver = await WebhookReceiver.start();
    const { sender, id } = senderTo(receiver.url(), { allowPrivate: true });
    expect(await sender.send(id, MESSAGE)).toMatchObject({ result: "delivered" });
  });

  test.each([
    ["0.0.0.0", true],
    ["10.255.255.255", true],
    ["100.64.0.1", true],
    ["100.128.0.1", false],
    ["127.9.9.9", true],
    ["169.254.169.254", true],
    ["168.63.129.16", true],
    ["172.15.0.1", false],
    ["172.16.0.1", true],
    ["172.32.0.1", false],
    ["192.168.1.1", true],
    ["198.19.0.1", true],
    ["224.0.0.1", true],
    ["255.255.255.255", true],
    ["8.8.8.8", false],
    ["1.1.1.1", false],
    ["::", true],
    ["::1", true],
    ["::7f00:1", true],
    ["::ffff:10.0.0.1", true],
    ["::ffff:8.8.8.8", false],
    ["64:ff9b::7f00:1", true],
    ["2002:7f00:1::", true],
    ["2001:0:1::", true],
    ["fc00::1", true],
    ["fd00:ec2::254", true],
    ["fe80::1", true],
    ["ff02::1", true],
    ["2606:4700:4700::1111", false],
    ["2a00:1450:4001::1", false],
  ])("is told by its range: %s", (address, isPrivate) => {
    const family = address.includes(":") ? "ipv6" : "ipv4";
    expect(privateAddresses().check(address, family)).toBe(isPrivate);
  });
});

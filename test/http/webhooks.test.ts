import { afterEach, beforeEach, expect, test } from "vitest";
import { HttpWebhooks } from "../../src/adapters/webhooks/http-webhooks.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { WEBHOOK_EVENT_TYPES, webhookId } from "../../src/core/webhooks.ts";
import { scanOnce } from "../../src/services/worker.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import {
  expectProblem,
  type HttpService,
  jsonOf,
  makeProject,
  putFile,
  startHttp,
} from "./support.ts";

let receiver: WebhookReceiver;
let http: HttpService;
let id: string;

beforeEach(async () => {
  receiver = await WebhookReceiver.start();
  const url = receiver.url("/secret-path");
  id = webhookId(url);
  const target = { url, secret: receiver.secret, events: WEBHOOK_EVENT_TYPES };
  const options = { clock: new SystemClock(), allowPrivate: true, userAgent: "expunge/test" };
  const webhooks = new HttpWebhooks([target], options);
  http = await startHttp({ webhooks });
  await http.metadata.registerWebhooks(webhooks.endpoints);
});
afterEach(async () => {
  await http.close();
  await receiver[Symbol.asyncDispose]();
});

async function listed(): Promise<unknown> {
  const answer = await http.call({ method: "GET", url: "/v1/webhooks" });
  expect(answer.statusCode).toBe(200);
  return jsonOf(answer)["items"];
}

test("what happens to a project reaches the application, named by ids that the API shows", async () => {
  const projectUid = await makeProject(http, "p1");
  await putFile(http, "p1", "private/name.txt", "x");
  const files = await http.call({ method: "GET", url: "/v1/projects/p1/files" });
  const [{ uid: fileUid }] = jsonOf(files)["items"] as [{ uid: string }];
  const deletion = jsonOf(await http.call({ method: "DELETE", url: "/v1/projects/p1" }));
  await scanOnce(http.context);
  await receiver.until(2);
  expect(receiver.forged).toEqual([]);
  const messages = receiver.received.map(({ body }) => JSON.parse(body) as { type: string });
  const facts = { projectId: "p1", projectUid };
  const timestamp = expect.stringMatching(/^\d{4}-.*Z$/) as string;
  const receiptHash = (await http.metadata.findReceipt(projectUid))?.hash;
  expect(messages).toHaveLength(2);
  expect(messages).toEqual(
    expect.arrayContaining([
      { type: "file.created", timestamp, data: { ...facts, fileUid, sizeBytes: 1 } },
      {
        type: "project.deleted",
        timestamp,
        data: { ...facts, deletionId: deletion["id"], receiptHash },
      },
    ]),
  );
  expect(JSON.stringify(receiver.received) + http.log.text()).not.toContain("name.txt");
});

test("the list shows each endpoint, its counts and its last failure, but no path of its URL", async () => {
  const none = { state: "active", disabledAt: null, pending: 0, failed: 0, lastError: null };
  const url = `http://127.0.0.1:${receiver.port}/(redacted)`;
  const shown = { id, url, events: WEBHOOK_EVENT_TYPES };
  expect(await listed()).toEqual([{ ...shown, ...none }]);
  receiver.answers = [500];
  await makeProject(http, "p1");
  await putFile(http, "p1", "a", "x");
  await scanOnce(http.context);
  await receiver.until(1);
  const lastError = { code: "status-500", message: "the endpoint answered 500" };
  await expect.poll(listed).toMatchObject([{ ...shown, pending: 1, failed: 0, lastError }]);
});

test("a test message says at once what became of it, and leaves no trace", async () => {
  const url = `/v1/webhooks/${id}/test`;
  const good = await http.call({ method: "POST", url });
  expect(jsonOf(good)).toEqual({ outcome: "delivered", code: null, message: null });
  const [sent] = receiver.received;
  expect(JSON.parse(sent?.body ?? "")).toMatchObject({
    type: "webhook.test",
    data: { webhookId: id },
  });
  receiver.answers = [302];
  const bad = await http.call({ method: "POST", url });
  expect(bad.statusCode).toBe(200);
  expect(jsonOf(bad)).toMatchObject({ outcome: "failed", code: "status-302" });
  expect(receiver.received).toHaveLength(2);
  expect(await listed()).toMatchObject([{ pending: 0, failed: 0, lastError: null }]);
});

test("messages that were given up are sent again on request", async () => {
  await makeProject(http, "p1");
  await putFile(http, "p1", "a", "x");
  const [message] = await http.metadata.claimDeliveries(id, 1, 60_000);
  const failure = { code: "status-500", message: "the endpoint answered 500" };
  await http.metadata.postponeDelivery(message?.id ?? "", failure, null);
  expect(await listed()).toMatchObject([{ pending: 0, failed: 1 }]);
  const retried = await http.call({ method: "POST", url: `/v1/webhooks/${id}/retry` });
  expect([retried.statusCode, jsonOf(retried)]).toEqual([202, { retried: 1 }]);
  const [sent] = await receiver.until(1);
  expect(sent?.headers["webhook-id"]).toBe(message?.id);
  await expect.poll(listed).toMatchObject([{ pending: 0, failed: 0 }]);
  const again = await http.call({ method: "POST", url: `/v1/webhooks/${id}/retry` });
  expect(jsonOf(again)).toEqual({ retried: 0 });
});

test("webhooks that are not configured are not found", async () => {
  for (const what of ["test", "retry"]) {
    const url = `/v1/webhooks/WEBHOOK-none/${what}`;
    expectProblem(await http.call({ method: "POST", url }), 404, "webhook-not-found");
    expectProblem(await http.call({ as: "alice", method: "POST", url }), 403, "forbidden");
  }
});

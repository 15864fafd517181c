import { afterAll, beforeAll, expect, test } from "vitest";
import { answerUppy, type AnswerOptions, uppyOptions } from "../../src/client/index.ts";
import { planParts } from "../../src/core/parts.ts";
import { type Served, serveHttp } from "./support.ts";

const ROUTE = "https://app.example.com/api/uploads";

let served: Served;
let projectId: string;
beforeAll(async () => {
  served = await serveHttp();
  projectId = (await served.clientOf("alice").projects.create()).id;
});
afterAll(() => served.close());

async function ask(
  method: string,
  path: string,
  options: { as?: string; body?: unknown; more?: Partial<AnswerOptions> } = {},
): Promise<{ status: number; body: unknown }> {
  const { as = "alice", body, more } = options;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const request = new Request(`${ROUTE}/s3${path}`, {
    method,
    ...(body === undefined ? {} : { body: text }),
  });
  const response = await answerUppy(served.clientOf(as), request, { projectId, ...more });
  const answer = await response.text();
  return { status: response.status, body: answer === "" ? null : (JSON.parse(answer) as unknown) };
}

const FILE = { filename: "a b.txt", type: "text/plain", metadata: { sizeBytes: 3, note: "n" } };

async function opened(): Promise<string> {
  const { body } = await ask("POST", "/multipart", { body: FILE });
  return (body as { uploadId: string }).uploadId;
}

test("an upload of Uppy goes from its opening to a file where and with what the application says", async () => {
  const more = {
    pathOf: ({ filename }: { filename: string }) => `in/${filename}`,
    metadataOf: ({ meta }: { meta: Readonly<Record<string, unknown>> }) => ({ note: meta["note"] }),
    locationOf: ({ path }: { path: string }) => `/see/${path}`,
  };
  const { status, body } = await ask("POST", "/multipart", { body: FILE, more });
  const { key, uploadId } = body as { key: string; uploadId: string };
  expect([status, key]).toEqual([200, "in/a b.txt"]);
  const query = `?${new URLSearchParams({ key }).toString()}`;
  const part = await ask("GET", `/multipart/${uploadId}/1${query}`);
  const { url } = part.body as { url: string };
  const sent = await fetch(url, { method: "PUT", body: "abc" });
  const etag = sent.headers.get("etag");
  expect((await ask("GET", `/multipart/${uploadId}${query}`)).body).toEqual([
    { PartNumber: 1, ETag: etag?.replaceAll('"', ""), Size: 3 },
  ]);
  const parts = [{ PartNumber: 1, ETag: etag }];
  const done = await ask("POST", `/multipart/${uploadId}/complete${query}`, {
    body: { parts },
    more,
  });
  expect(done).toEqual({ status: 200, body: { key, location: "/see/in/a b.txt" } });
  const { items } = await served.clientOf("alice").files.list(projectId);
  expect(items).toMatchObject([{ path: "in/a b.txt", metadata: { note: "n" } }]);
});

test("another project's upload is no upload to Uppy's route", async () => {
  const uploadId = await opened();
  const other = (await served.clientOf("alice").projects.create()).id;
  for (const [method, path] of [
    ["GET", `/multipart/${uploadId}/1?key=x`],
    ["GET", `/multipart/${uploadId}?key=x`],
    ["DELETE", `/multipart/${uploadId}?key=x`],
  ] as const) {
    expect(await ask(method, path, { more: { projectId: other } })).toMatchObject({
      status: 404,
      body: { code: "upload-not-found" },
    });
  }
  expect((await ask("DELETE", `/multipart/${uploadId}?key=x`)).status).toBe(200);
});

test.each([
  ["without a size", { ...FILE, metadata: {} }, /sizeBytes/],
  ["of a size that is none", { ...FILE, metadata: { sizeBytes: "many" } }, /sizeBytes/],
  ["without a name", { metadata: { sizeBytes: 3 } }, /name/],
  ["in no JSON", "{", /JSON/],
  ["with a path that is none", { ...FILE, filename: "a/../b" }, /path/],
])("Uppy is told why a file %s is refused", async (_, body, message) => {
  const answer = await ask("POST", "/multipart", { body });
  expect(answer.status).toBe(400);
  expect((answer.body as { message: string }).message).toMatch(message);
});

test("Uppy is told what is wrong with its parts", async () => {
  const uploadId = await opened();
  const complete = `/multipart/${uploadId}/complete?key=x`;
  expect(await ask("POST", complete, { body: {} })).toMatchObject({ status: 400 });
  const missing = await ask("POST", complete, { body: { parts: [] } });
  expect(missing).toMatchObject({ status: 422, body: { code: "size-mismatch" } });
});

test("what is wrong between application and service is not told to the browser", async () => {
  expect(await ask("POST", "/multipart", { as: "nobody", body: FILE })).toEqual({
    status: 502,
    body: { code: "unavailable", message: "The upload cannot be served just now." },
  });
  const away = served.clientOf("alice", { url: "http://127.0.0.1:9", attemptsMax: 1 });
  const request = new Request(`${ROUTE}/s3/multipart/u/1`);
  expect((await answerUppy(away, request, { projectId })).status).toBe(502);
});

test.each([
  ["GET", "/multipart"],
  ["PUT", "/multipart"],
  ["POST", "/multipart/u/1"],
  ["GET", "/multipart/u/complete"],
  ["GET", "/multipart/u/123456"],
  ["POST", "/sts"],
  ["POST", "/params"],
])("%s %s is no step of Uppy's", async (method, path) => {
  expect((await ask(method, path)).status).toBe(404);
});

test("an empty file of Uppy is sent to where the application puts it", async () => {
  const query = "filename=none.txt&type=text%2Fplain&metadata%5Bnote%5D=n";
  const more = {
    pathOf: ({ filename, meta }: { filename: string; meta: Readonly<Record<string, unknown>> }) =>
      `${String(meta["note"])}/${filename}`,
  };
  const { body } = await ask("GET", `/params?${query}`, { more });
  const { url, fields } = body as { url: string; fields: object };
  expect(fields).toEqual({ key: "n/none.txt" });
  expect(url.startsWith(`${ROUTE}/s3/empty?`)).toBe(true);
  expect((await ask("POST", url.slice(`${ROUTE}/s3`.length), { body: "" })).status).toBe(204);
  const facts = await served.clientOf("alice").files.head(projectId, "n/none.txt");
  expect([facts.sizeBytes, facts.contentType]).toEqual([0, "text/plain"]);
});

test("Uppy cuts files as the service does", () => {
  const options = uppyOptions(`${ROUTE}/`);
  expect([options.companionEndpoint, options.endpoint, options.shouldUseMultipart]).toEqual([
    ROUTE,
    ROUTE,
    true,
  ]);
  const GiB = 1024 ** 3;
  for (const size of [1, 16 * 1024 ** 2 + 1, 200 * GiB, 5 * 1024 * GiB]) {
    for (const partBytesMin of [1, 5 * 1024 ** 2]) {
      const store = { partBytesMin, partBytesMax: 5 * GiB };
      expect(options.getChunkSize({ size })).toBe(planParts(size, store).partSizeBytes);
    }
  }
});

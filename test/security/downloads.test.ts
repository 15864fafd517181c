import { assert, constantFrom, oneof, property, string } from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { contentDisposition } from "../../src/http/disposition.ts";
import {
  type HttpService,
  expectProblem,
  fieldOf,
  makeProject,
  startHttp,
} from "../http/support.ts";

let http: HttpService;
beforeAll(async () => {
  http = await startHttp();
  await makeProject(http, "p1");
});
afterAll(() => http.close());

const HTML = "<script>document.title = 'run'</script>";
/** What each is stored as, and what a browser might take it for. */
const POLYGLOTS: readonly (readonly [string, string])[] = [
  ["text/html", HTML],
  ["TEXT/HTML", HTML],
  ["text/html; charset=utf-7", "+ADw-script+AD4-"],
  ["application/xhtml+xml", `<html xmlns="http://www.w3.org/1999/xhtml">${HTML}</html>`],
  ["image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg">${HTML}</svg>`],
  ["image/svg+xml; charset=utf-8", `<svg onload="alert(1)"/>`],
  ["text/xml", `<?xml-stylesheet href="x.xsl"?>`],
  ["application/xml", "<a/>"],
  ["application/pdf", "%PDF-1.7 /OpenAction"],
  ["application/javascript", "alert(1)"],
  ["text/css", "body { background: url(x) }"],
  ["multipart/x-mixed-replace; boundary=x", `--x\r\ncontent-type: text/html\r\n\r\n${HTML}`],
  ["application/x-shockwave-flash", "FWS"],
  ["text/html,image/png", HTML],
  ["image/png, text/html", HTML],
  ["application/octet-stream", HTML],
  ["unknown/unknown", HTML],
  ["image/x-png", `\x89PNG\r\n${HTML}`],
];

test.each(POLYGLOTS)(
  "what is stored as %s is an attachment, whatever was asked for",
  async (type, body) => {
    const url = "/v1/projects/p1/files/x";
    const put = await http.call({
      method: "PUT",
      url,
      payload: body,
      headers: { "content-type": type },
    });
    // Two types at once are none.
    if (type.includes(",")) {
      expectProblem(put, 415, "unsupported-media-type");
      return;
    }
    expect([200, 201]).toContain(put.statusCode);
    const signed = await http.call({
      method: "POST",
      url: "/v1/projects/p1/urls",
      payload: { path: "x" },
    });
    const download = new URL(fieldOf(signed, "url"));
    for (const one of [
      `${url}?disposition=inline`,
      url,
      `${download.pathname}${download.search}&disposition=inline`,
    ]) {
      const answer = await http.call({ method: "GET", url: one });
      expect(answer.statusCode).toBe(200);
      expect(answer.headers["content-disposition"]).toMatch(/^attachment; /);
      expect(answer.headers["x-content-type-options"]).toBe("nosniff");
      expect(answer.headers["content-security-policy"]).toBe("sandbox; default-src 'none'");
      expect(answer.headers["content-type"]).toBe(type);
      expect(answer.body).toBe(body);
    }
  },
);

test("a script that is called an image is shown as the image that it is not, in a sandbox", async () => {
  const url = "/v1/projects/p1/files/x.png";
  const headers = { "content-type": "image/png" };
  await http.call({ method: "PUT", url, payload: `\x89PNG${HTML}`, headers });
  const answer = await http.call({ method: "GET", url: `${url}?disposition=inline` });
  expect(answer.headers["content-disposition"]).toMatch(/^inline; /);
  expect(answer.headers).toMatchObject({
    "content-type": "image/png",
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox; default-src 'none'",
  });
});

test.each([
  "text/plain\r\nX-Evil: 1",
  "text/plain\nX-Evil: 1",
  "text/plain;\0",
  "text/é",
  "/",
  "a",
  "a/b\u2028",
])("the content type %j is refused where an upload is opened", async (contentType) => {
  const payload = { path: "y", sizeBytes: 1, contentType };
  const answer = await http.call({ method: "POST", url: "/v1/projects/p1/uploads", payload });
  expectProblem(answer, 400, "invalid-request");
});

/** RFC 6266 section 4.1, of the two parameters that are sent. */
const DISPOSITION =
  /^(attachment|inline); filename="([\x20-\x21\x23-\x5b\x5d-\x7e]*)"; filename\*=UTF-8''((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})*)$/;

test("every file name makes a header of RFC 6266 that gives the name back by RFC 8187", () => {
  const names = oneof(
    string({ unit: "binary" }),
    string({ unit: constantFrom(...Array.from("\r\n\";\\%'()*\0\u0085\u2028\u202eé/😀 a")) }),
  );
  assert(
    property(names, (path) => {
      const name = path.split("/").at(-1) ?? "";
      const match = DISPOSITION.exec(contentDisposition(path, "text/html", "inline"));
      expect(match?.[1]).toBe("attachment");
      expect(match?.[2]).toHaveLength(Array.from(name).length);
      expect(decodeURIComponent(match?.[3] ?? "%")).toBe(name);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  "a\r\nSet-Cookie: x=1",
  'a"; filename="evil.exe',
  "a\u202etxt.exe",
  "a;b='c'(d)*",
  "ü %41 \\ .",
])("the file name %j leaves the answer's other headers as they are", async (name) => {
  const url = `/v1/projects/p1/files/${encodeURIComponent(name)}`;
  const put = await http.call({ method: "PUT", url, payload: "x" });
  // Control characters are in no path.
  if (/\r/.test(name)) {
    expectProblem(put, 400, "invalid-path");
    return;
  }
  expect([200, 201]).toContain(put.statusCode);
  expect(put.headers["location"] ?? url).toBe(url);
  const answer = await http.call({ method: "GET", url });
  expect(answer.headers["set-cookie"]).toBeUndefined();
  const match = DISPOSITION.exec(String(answer.headers["content-disposition"]));
  expect(decodeURIComponent(match?.[3] ?? "")).toBe(name);
});

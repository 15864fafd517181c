import { afterAll, beforeAll, expect, test } from "vitest";
import type { LightMyRequestResponse } from "fastify";
import { fieldOf, type HttpService, makeProject, putFile, startHttp } from "../http/support.ts";

let http: HttpService;
/** Signs with a key of its own. */
let elsewhere: HttpService;
const urls: Record<string, string> = {};
const BODY = "12345";

beforeAll(async () => {
  [http, elsewhere] = [await startHttp(), await startHttp()];
  for (const service of [http, elsewhere]) {
    for (const project of ["p1", "p2"]) {
      await makeProject(service, project);
      await putFile(service, project, "a", "secret");
      const place = service === http ? project : `elsewhere ${project}`;
      urls[`download ${place}`] = await signed(service, "POST", `${project}/urls`, { path: "a" });
      const payload = { path: "up", sizeBytes: BODY.length };
      const url = `/v1/projects/${project}/uploads`;
      const uploadId = fieldOf(await service.call({ method: "POST", url, payload }), "uploadId");
      urls[`part ${place}`] = await signed(
        service,
        "GET",
        `${project}/uploads/${uploadId}/parts/1`,
      );
    }
  }
});
afterAll(async () => {
  await http.close();
  await elsewhere.close();
});

async function signed(
  service: HttpService,
  method: "GET" | "POST",
  path: string,
  payload?: object,
): Promise<string> {
  const call = { method, url: `/v1/projects/${path}`, ...(payload ? { payload } : {}) };
  const { pathname, search } = new URL(fieldOf(await service.call(call), "url"));
  return pathname + search;
}

/** Without a token, as whoever has the URL would. */
function use(url: string, body = BODY, host = "localhost"): Promise<LightMyRequestResponse> {
  const isPart = url.startsWith("/v1/upload-parts/");
  const headers = { host };
  return isPart
    ? http.call({ as: "", method: "PUT", url, payload: body, headers })
    : http.call({ as: "", method: "GET", url, headers });
}

function urlOf(name: string): string {
  const url = urls[name];
  if (url === undefined) throw new Error(`no URL ${name}`);
  return url;
}

async function expectForged(url: string): Promise<void> {
  const before = http.objects.snapshot();
  const answer = await use(url);
  expect([400, 403, 404], `${url}: ${answer.statusCode}`).toContain(answer.statusCode);
  expect(answer.body).not.toContain("secret");
  expect(http.objects.snapshot()).toEqual(before);
}

test.each(["download p1", "part p1"])(
  "the URL of a %s is good for whoever has it, at any host",
  async (name) => {
    for (const host of ["localhost", "files.example:8443"]) {
      expect((await use(urlOf(name), BODY, host)).statusCode).toBe(200);
    }
  },
);

test.each(["download p1", "part p1"])(
  "the URL of a %s is dead with any one character changed",
  async (name) => {
    const url = urlOf(name);
    const from = url.indexOf("/", 5) + 1;
    for (let at = from; at < url.length; at++) {
      const char = url.charAt(at);
      // The path of a download is looked up and held against the signed uid.
      for (const other of [char === "0" ? "1" : "0", char === "A" ? "B" : "A", ""]) {
        await expectForged(url.slice(0, at) + other + url.slice(at + 1));
      }
    }
  },
);

test.each(["download", "part"])("no piece of another %s URL fits into this one", async (kind) => {
  const [one, two] = [
    new URL(urlOf(`${kind} p1`), "http://x"),
    new URL(urlOf(`${kind} p2`), "http://x"),
  ];
  const [mine, theirs] = [one.pathname.split("/"), two.pathname.split("/")];
  for (let i = 3; i < mine.length; i++) {
    if (mine[i] === theirs[i]) continue;
    await expectForged(mine.with(i, theirs[i] ?? "").join("/") + one.search);
  }
  await expectForged(two.pathname + one.search);
  const swapped = new URL(one);
  swapped.searchParams.set("tag", two.searchParams.get("tag") ?? "");
  await expectForged(swapped.pathname + swapped.search);
});

test("values that were not signed are refused in every spelling", async () => {
  const later: Readonly<Record<string, readonly string[]>> = {
    expires: ["9999999999999", "0", "-1", "1e15", " ", "NaN", "0x1"],
    length: ["6", "4", "0", "05", "5.0", "+5", "5e0"],
    tag: ["", "null", "AAAA", "A".repeat(43), "A".repeat(5000), "\0"],
  };
  for (const name of ["download p1", "part p1"]) {
    for (const [field, values] of Object.entries(later)) {
      for (const value of values) {
        const url = new URL(urlOf(name), "http://x");
        if (!url.searchParams.has(field)) continue;
        url.searchParams.set(field, value);
        await expectForged(url.pathname + url.search);
        const twice = `${urlOf(name)}&${field}=${encodeURIComponent(value)}`;
        await expectForged(twice);
      }
    }
  }
});

test("a tag of one kind of URL is none of the other, and one of another service's key none at all", async () => {
  const [download, part] = [
    new URL(urlOf("download p1"), "http://x"),
    new URL(urlOf("part p1"), "http://x"),
  ];
  const tags = [download, part].map((url) => url.searchParams.get("tag") ?? "");
  download.searchParams.set("tag", tags[1] ?? "");
  part.searchParams.set("tag", tags[0] ?? "");
  const foreign = ["download", "part"].map((kind) => {
    const url = new URL(urlOf(`${kind} p1`), "http://x");
    const other = new URL(urlOf(`${kind} elsewhere p1`), "http://x");
    url.searchParams.set("tag", other.searchParams.get("tag") ?? "");
    return url;
  });
  for (const url of [download, part, ...foreign]) await expectForged(url.pathname + url.search);
  for (const kind of ["download", "part"]) await expectForged(urlOf(`${kind} elsewhere p1`));
});

test("a part of another length than was signed is refused and leaves none", async () => {
  const url = urlOf("part p2");
  for (const body of ["", "1234", "123456", "x".repeat(100_000)]) {
    const answer = await use(url, body);
    expect([400, 422], body.slice(0, 10)).toContain(answer.statusCode);
  }
  const [, , , , uploadId = ""] = url.split("/");
  const parts = await http.call({
    method: "GET",
    url: `/v1/projects/p2/uploads/${uploadId}/parts`,
  });
  expect(parts.json()).toEqual({ parts: [] });
});

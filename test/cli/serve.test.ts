import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import fastify from "fastify";
import { beforeAll, expect, test } from "vitest";
import { Listener } from "../../src/cli/listener.ts";
import { Child, expunge, serve, type Service, temporaryDir } from "./harness.ts";

/** A start makes the database the first time; this is for machines that do much else. */
const START_TIMEOUT_MS = 120_000;

let dataDir: string;
let first: Service;

beforeAll(async () => {
  dataDir = await temporaryDir();
  first = await serve(dataDir);
}, START_TIMEOUT_MS);

test("serve says on standard error where it listens, where the token and where the data lies", async () => {
  const { url, child } = first;
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  const [, tokenPath = ""] = await child.prints(/admin token: (\S+)/);
  expect((await stat(tokenPath)).mode & 0o777).toBe(0o600);
  await child.prints(new RegExp(`data: ${dataDir}`));
});

test("serve prints a link whose code signs a browser in, once", async () => {
  const { url, child } = first;
  const [, link = ""] = await child.prints(/sign in: (\S+) \(once, within 10 minutes\)/);
  const [page, code] = link.split("#code=");
  expect(page).toBe(`${url}/`);
  const signIn = (): Promise<Response> =>
    fetch(`${url}/v1/sessions`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: url },
      body: JSON.stringify({ code }),
    });
  const signedIn = await signIn();
  expect(signedIn.status).toBe(201);
  const [cookie = ""] = (signedIn.headers.get("set-cookie") ?? "").split(";", 1);
  const list = await fetch(`${url}/v1/projects`, { headers: { cookie } });
  expect(list.status).toBe(200);
  expect((await signIn()).status).toBe(401);
});

test("a second process on the same data dir is refused with exit code 2 and a clear message", async () => {
  const second = new Child(["serve", "--port", "0", "--data-dir", dataDir]);
  const { code, stdout, stderr } = await second.end();
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toContain(dataDir);
  expect(stderr).toContain("code: data-dir-locked");
});

test("commands of another process find the local service by its data dir alone", async () => {
  const child = new Child(["project", "create", "p1", "--json"], {
    env: { EXPUNGE_DATA_DIR: dataDir, EXPUNGE_PORT: new URL(first.url).port },
  });
  const { code, stdout, stderr } = await child.end();
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ id: "p1", state: "active" });
});

test("a wrong token ends a command with exit code 5", async () => {
  const argv = ["project", "list", "--token", "wrong", "--json"];
  const { code, stdout } = await expunge(argv, { env: first.env });
  expect(code).toBe(5);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: "unauthorized" } });
});

test(
  "SIGINT stops the service cleanly, and a second start finds every file again, byte for byte",
  { timeout: START_TIMEOUT_MS },
  async () => {
    const source = join(import.meta.dirname, "serve.test.ts");
    await expunge(["project", "create", "kept"], { env: first.env });
    const put = ["file", "put", "kept", source, "--as", "a/b.ts", "--json"];
    const stored = await expunge(put, { env: first.env });
    expect(JSON.parse(stored.stdout)).toMatchObject({ path: "a/b.ts" });
    first.child.signal("SIGINT");
    const stopped = await first.child.end();
    expect(stopped.code).toBe(0);
    expect(stopped.stdout).toBe("");
    expect(stopped.stderr).toContain("stopped");

    const argv = ["serve", "--json", "--port", "0", "--data-dir", dataDir, "--log-level", "info"];
    const again = new Child(argv);
    const { url } = JSON.parse(await again.printsResult()) as { url: string };
    const target = join(await temporaryDir(), "copy");
    const env = { ...first.env, EXPUNGE_URL: url };
    const get = ["file", "get", "kept", "a/b.ts", "--output", target];
    expect((await expunge(get, { env })).code).toBe(0);
    expect(await readFile(target)).toEqual(await readFile(source));
    again.signal("SIGTERM");
    const ended = await again.end();
    expect(ended.code).toBe(0);
    expect(() => void JSON.parse(ended.stdout), "one document and nothing else").not.toThrow();
  },
);

test("listening on a port that is taken is refused as configuration and names the flag", async () => {
  const taken = fastify();
  const port = Number(new URL(await taken.listen({ host: "127.0.0.1", port: 0 })).port);
  const opened = Listener.open({ app: async () => fastify() }, { host: "127.0.0.1", port });
  await expect(opened).rejects.toMatchObject({ code: "invalid-config" });
  await expect(opened).rejects.toThrow("--port");
  await taken.close();
});

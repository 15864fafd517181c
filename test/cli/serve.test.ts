import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Child, expunge, serve, type Service, temporaryDir } from "./harness.ts";

interface Answered {
  readonly code: number;
  readonly document: Record<string, unknown>;
}

/** A command against the service; its one document. */
async function ask(service: Service, ...argv: string[]): Promise<Answered> {
  const { code, stdout } = await expunge([...argv, "--json"], { env: service.env });
  return { code, document: JSON.parse(stdout) as Record<string, unknown> };
}

test("serve says on standard error where it listens, where the token and where the data lies", async () => {
  const dataDir = await temporaryDir();
  const { url, child } = await serve(dataDir);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const ready = await fetch(`${url}/readyz`);
  expect(ready.status).toBe(200);
  const [, tokenPath = ""] = await child.prints(/admin token: (\S+)/);
  expect((await stat(tokenPath)).mode & 0o777).toBe(0o600);
  await child.prints(new RegExp(`data: ${dataDir}`));
  child.signal("SIGTERM");
  const { code, stdout } = await child.end();
  expect(code).toBe(0);
  expect(stdout).toBe("");
});

test("serve with --json prints one document once it is ready", async () => {
  const dataDir = await temporaryDir();
  const argv = ["serve", "--json", "--port", "0", "--data-dir", dataDir, "--log-level", "info"];
  const child = new Child(argv);
  const { url } = JSON.parse(await child.printsResult()) as { url: string };
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  child.signal("SIGINT");
  expect((await child.end()).code).toBe(0);
});

test("a second process on the same data dir is refused with exit code 2 and a clear message", async () => {
  const dataDir = await temporaryDir();
  await serve(dataDir);
  const second = new Child(["serve", "--port", "0", "--data-dir", dataDir]);
  const { code, stderr } = await second.end();
  expect(code).toBe(2);
  expect(stderr).toContain("code: data-dir-locked");
  expect(stderr).toContain(dataDir);
});

test("serve on a port that is taken is refused with exit code 2 and names the flag", async () => {
  const { url } = await serve(await temporaryDir());
  const port = new URL(url).port;
  const second = new Child(["serve", "--port", port, "--data-dir", await temporaryDir()]);
  const { code, stderr } = await second.end();
  expect(code).toBe(2);
  expect(stderr).toContain("--port");
});

test("after SIGINT a second start finds everything again", async () => {
  const dataDir = await temporaryDir();
  const first = await serve(dataDir);
  await ask(first, "project", "create", "p1");
  const put = ["file", "put", "p1", "-", "--as", "a/b.txt"];
  const stored = await expunge([...put, "--json"], { env: first.env, stdin: "hello" });
  expect(stored.code).toBe(0);
  first.child.signal("SIGINT");
  expect((await first.child.end()).code).toBe(0);
  const again = await serve(dataDir);
  const { code, stdout } = await expunge(["file", "get", "p1", "a/b.txt"], { env: again.env });
  expect(code).toBe(0);
  expect(stdout).toBe("hello");
});

test("commands of another process find the local service by its data dir alone", async () => {
  const dataDir = await temporaryDir();
  const { url } = await serve(dataDir);
  const child = new Child(["project", "create", "p1", "--json"], {
    env: { EXPUNGE_DATA_DIR: dataDir, EXPUNGE_PORT: new URL(url).port },
  });
  const { code, stdout, stderr } = await child.end();
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ id: "p1", state: "active" });
});

test("a wrong token ends a command with exit code 5", async () => {
  const { env } = await serve(await temporaryDir());
  const { code, stdout } = await expunge(["project", "list", "--token", "wrong", "--json"], {
    env,
  });
  expect(code).toBe(5);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: "unauthorized" } });
});

test("the service's stored file is the one of the command line, byte for byte", async () => {
  const service = await serve(await temporaryDir());
  await ask(service, "project", "create", "p1");
  const source = join(import.meta.dirname, "serve.test.ts");
  const { document } = await ask(service, "file", "put", "p1", source, "--type", "text/plain");
  expect(document).toMatchObject({ path: "serve.test.ts", contentType: "text/plain" });
  const target = join(await temporaryDir(), "copy");
  const got = await ask(service, "file", "get", "p1", "serve.test.ts", "--output", target);
  expect(got.code).toBe(0);
  expect(await readFile(target)).toEqual(await readFile(source));
});

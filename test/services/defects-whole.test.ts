import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { FilesystemObjectStore } from "../../src/adapters/filesystem/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { SystemRandom } from "../../src/adapters/system-random.ts";
import { loadConfig } from "../../src/config.ts";
import { canonicalPrefix } from "../../src/core/keys.ts";
import { filesBelow } from "../e2e/planting.ts";
import { type HttpService, startHttp } from "../http/support.ts";
import { ADMIN, makeService, putText } from "../support/context.ts";
import { temporaryDir } from "../support/service-process.ts";

describe("defects of the original that take more than one part", () => {
  let http: HttpService | null = null;

  afterEach(async () => {
    await http?.close();
    http = null;
  });

  it("14: parts that are off need no settings, and importing everything builds nothing", async () => {
    const config = await loadConfig({ env: {}, cwd: "/" });
    expect(config).toMatchObject({ jwt: null, cdn: null, webhooks: [], store: { kind: "file" } });
    const library = await import("../../src/index.ts");
    expect(library.createExpunge).toBeTypeOf("function");
  });

  it("15: a project's deletion runs on the local store as on any other", async () => {
    await using dir = await temporaryDir();
    const ports = { clock: new SystemClock(), random: new SystemRandom() };
    const store = await FilesystemObjectStore.open(dir.path, ports);
    const service = await makeService({ wrap: () => store });
    const { uid } = await service.services.projects.create(ADMIN, { id: "p1" });
    await putText(service, "p1", "a.txt", "hello");
    await mkdir(join(dir.path, canonicalPrefix(uid), "deep/er"), { recursive: true });
    await writeFile(join(dir.path, canonicalPrefix(uid), "deep/er/stray"), "x");
    const { deletions } = service.services;
    const deletion = await deletions.wait(await deletions.request(ADMIN, "p1", {}), 10_000);
    await service.stop();
    expect(deletion.state).toBe("completed");
    expect(await filesBelow(join(dir.path, "projects"))).toEqual([]);
  });

  it("17: every route that is announced answers by a function that exists", async () => {
    http = await startHttp();
    const document = await http.call({ method: "GET", url: "/openapi.json" });
    const { paths } = document.json<{ paths: Record<string, Record<string, unknown>> }>();
    const calls = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => ({ method: method.toUpperCase(), path })),
    );
    expect(calls.length).toBeGreaterThan(30);
    for (const { method, path } of calls) {
      const url = path.replaceAll(/\{[^}]+\}/g, "1");
      const response = await http.app.inject({
        method: method as "GET",
        url,
        headers: { authorization: "Bearer admin" },
      });
      const answer = `${method} ${path} ${response.statusCode} ${response.body.slice(0, 200)}`;
      expect(response.statusCode, answer).toBeLessThan(500);
      expect(response.body, answer).not.toContain("route-not-found");
    }
  });

  it("18: debug routes refuse everybody but an admin", async () => {
    http = await startHttp();
    await http.services.projects.create(ADMIN, { id: "p1", owner: "alice" });
    for (const [method, url] of [
      ["POST", "/v1/debug/cleanup-project/p1"],
      ["GET", "/v1/debug/verify-cleanup/p1"],
      ["GET", "/v1/debug/project-files/p1"],
      ["POST", "/v1/debug/self-test"],
    ] as const) {
      const anonymous = await http.app.inject({ method, url });
      expect(anonymous.statusCode, url).toBe(401);
      const owner = await http.call({ as: "alice", method, url });
      expect(owner.statusCode, url).toBe(403);
      const admin = await http.call({ method, url });
      expect(admin.statusCode, url).toBe(200);
    }
  });
});

import { expect, test } from "vitest";
import { AUDIENCE, claims, ISSUER, makeKey, sign, startIssuer } from "../security/issuer.ts";
import { ServiceProcess, temporaryDir } from "../support/service-process.ts";

const RATE = 20;

test(
  "users of an issuer and their limits are what the environment says, in a process of its own",
  { timeout: 120_000 },
  async () => {
    const key = await makeKey("one");
    await using issuer = await startIssuer(key);
    await using dir = await temporaryDir();
    const service = await ServiceProcess.start(dir.path, {
      env: {
        EXPUNGE_JWKS_URL: issuer.url,
        EXPUNGE_JWT_ISSUER: ISSUER,
        EXPUNGE_JWT_AUDIENCE: AUDIENCE,
        EXPUNGE_RATE_LIMIT: String(RATE),
        EXPUNGE_DELETION_LIMIT: "1",
      },
    });
    const scope = "projects:read projects:write projects:delete";
    const alice = await sign(key, claims({ sub: "alice", scope }));
    const bob = await sign(key, claims({ sub: "bob", scope }));
    const as = async (token: string, method: string, path: string, body?: unknown) =>
      await fetch(`${service.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const codeOf = async (response: Response): Promise<unknown> => {
      const { code } = (await response.json()) as { readonly code: unknown };
      return [response.status, code];
    };
    try {
      const made: string[] = [];
      for (const name of ["first", "second"]) {
        const created = await as(alice, "POST", "/v1/projects", { name });
        expect(created.status).toBe(201);
        const project = (await created.json()) as { readonly id: string; readonly owner: string };
        expect(project.owner).toBe("alice");
        made.push(project.id);
      }
      const [first, second] = made;
      expect(await codeOf(await as(bob, "GET", `/v1/projects/${first}`))).toEqual([
        404,
        "project-not-found",
      ]);
      const other = await sign(key, claims({ sub: "alice", scope, aud: "another" }));
      expect(await codeOf(await as(other, "GET", "/v1/projects"))).toEqual([401, "unauthorized"]);

      expect((await as(alice, "DELETE", `/v1/projects/${first}`)).status).toBe(200);
      const capped = await as(alice, "DELETE", `/v1/projects/${second}`);
      expect(capped.headers.get("retry-after")).toMatch(/^\d+$/);
      expect(await codeOf(capped)).toEqual([429, "too-many-deletions"]);

      const statuses: number[] = [];
      for (let i = 0; i < 3 * RATE; i++)
        statuses.push((await as(bob, "GET", "/v1/projects")).status);
      expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0);
      expect(statuses[0]).toBe(200);
      // Neither limit is anybody else's, and the admin has none.
      expect((await as(alice, "GET", "/v1/projects")).status).toBe(200);
      expect((await service.request("GET", "/v1/projects")).status).toBe(200);
      for (const token of [alice, bob, other]) expect(service.output).not.toContain(token);
    } finally {
      await service.kill();
    }
  },
);

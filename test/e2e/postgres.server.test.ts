import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { postgresUrl } from "../servers/given.ts";
import { createDatabase, startPostgres, type TestDatabase } from "../servers/postgres.ts";
import { TcpProxy } from "../servers/tcp-proxy.ts";
import { armKill, died, STRUCK_BY_ORDER } from "../crash/arming.ts";
import { type Aim, pointOf } from "../crash/point-table.ts";
import { type ServiceProcess, temporaryDir } from "../support/service-process.ts";
import { SharedService } from "./on-postgres.ts";
import { filesBelow, plant, putFiles } from "./planting.ts";

/** Each test has its own, so that ids and the chain of receipts begin anew. */
let database: TestDatabase;

beforeEach(async () => {
  database = await createDatabase(postgresUrl());
});

afterEach(async () => {
  await database.drop();
});

const url = (): string => database.url;

interface DeletionBody {
  readonly surfaces: readonly { readonly surface: string; readonly deleted: number }[];
}

const TAKEOVER_MS = 15_000;
/** Each page has a thousand keys at most. */
const IN_THE_MIDST: Aim = { point: pointOf("remove"), when: "before", nth: 3 };

async function makeProject(service: ServiceProcess, id: string): Promise<string> {
  const made = await service.json("POST", "/v1/projects", { json: { id }, status: 201 });
  return String(made["uid"]);
}

describe("several processes on one PostgreSQL server", () => {
  test(
    "another one takes over the deletion of a worker that is killed, within seconds",
    { timeout: 120_000 },
    async () => {
      const strays = 5000;
      await using dir = await temporaryDir();
      await using service = await SharedService.ofTest(dir.path, url());
      const one = await service.start(STRUCK_BY_ORDER);
      const other = await service.start(STRUCK_BY_ORDER);
      const uid = await makeProject(one, "p1");
      await putFiles(one, "p1", 20);
      const projectDir = join(service.objectsDir, "projects", uid);
      await plant(service.objectsDir, `projects/${uid}/left`, strays);
      // Whichever takes it up makes the claim, and the other one lives.
      const claim = join(dir.path, "claim");
      for (const { child } of [one, other]) await armKill(child, IN_THE_MIDST, claim);
      const requested = await one.request("DELETE", "/v1/projects/p1", {
        headers: { prefer: "respond-async" },
      });
      expect(requested.status).toBe(202);
      const { id } = (await requested.json()) as { id: string };
      await Promise.race([died(one.child), died(other.child)]);
      const killedAt = performance.now();
      const second = one.child.signalCode === null ? one : other;
      expect(second.output).not.toContain("deletion claimed");
      expect((await filesBelow(projectDir)).length, "must be in the midst").toBeGreaterThan(0);
      await expect
        .poll(() => second.output, { timeout: TAKEOVER_MS, interval: 50 })
        .toContain("deletion claimed");
      expect(performance.now() - killedAt).toBeLessThan(TAKEOVER_MS);
      await expect
        .poll(async () => (await second.json("GET", `/v1/deletions/${id}`))["state"], {
          timeout: 60_000,
          interval: 100,
        })
        .toBe("completed");
      expect(await filesBelow(projectDir)).toEqual([]);
      const { payload } = await second.json("GET", `/v1/receipts/${uid}`);
      expect(payload).toMatchObject({
        sequence: 1,
        totals: { deleted: 20 + strays, absent: 0 },
        merkle: { leaves: 20 + strays },
      });
    },
  );
});

/** Repeats a request while the database is away, as the answer says. */
async function persistently(send: () => Promise<Response>): Promise<Response> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const response = await send();
    if (response.status !== 503) return response;
    const problem = (await response.json()) as Record<string, unknown>;
    expect(problem["code"]).toBe("database-unavailable");
    expect(response.headers.get("retry-after")).toBe("5");
  }
  throw new Error("it never came back");
}

describe("a service whose PostgreSQL server fails it", () => {
  test(
    "loses no file and miscounts none while the line breaks before and after COMMITs",
    { timeout: 120_000 },
    async () => {
      const files = 40;
      await using dir = await temporaryDir();
      const line = await TcpProxy.start(Number(new URL(url()).port));
      await using service = await SharedService.ofTest(dir.path, line.through(url()));
      const process = await service.start();
      const uid = await makeProject(process, "p1");
      const projectDir = join(service.objectsDir, "projects", uid);
      let commits = 0;
      let breaks = 0;
      let gap = 5;
      let growing = 0;
      line.fate = (sent) => {
        if (!sent.includes("commit\0") || ++commits < gap) return "pass";
        commits = 0;
        // So that each COMMIT of a request has its turn, in both ways; and a deletion gets through.
        gap = growing === 0 ? 4 + (breaks % 5) : growing++;
        return ++breaks % 2 === 0 ? "cut" : "cut-answer";
      };
      for (let i = 0; i < files; i++) {
        const path = `/v1/projects/p1/files/f${i}`;
        const put = await persistently(() => process.request("PUT", path, { body: `file ${i}` }));
        expect([200, 201]).toContain(put.status);
        const got = await persistently(() => process.request("GET", path));
        expect(await got.text()).toBe(`file ${i}`);
      }
      expect(breaks).toBeGreaterThan(files / 5);
      const beforeDeletion = breaks;
      growing = 12;
      // Those of repeated requests too, whose rows the lost COMMITs never made.
      const objects = await filesBelow(projectDir);
      expect(objects.length).toBeGreaterThanOrEqual(files);
      const deleted = await persistently(() => process.request("DELETE", "/v1/projects/p1"));
      expect(deleted.status).toBe(200);
      const deletion = (await deleted.json()) as DeletionBody;
      expect(deletion).toMatchObject({ state: "completed", residueTotal: 0 });
      expect(breaks - beforeDeletion).toBeGreaterThan(2);
      line.fate = () => "pass";
      expect(await filesBelow(projectDir)).toEqual([]);
      const counted = deletion.surfaces.filter(({ surface }) => surface !== "multipart");
      expect(counted.reduce((sum, { deleted }) => sum + deleted, 0)).toBe(objects.length);
      const { payload } = await process.json("GET", `/v1/receipts/${uid}`);
      expect(payload).toMatchObject({ sequence: 1, totals: { absent: 0 } });
      await process.stop();
      await line.close();
    },
  );

  test(
    "answers 503 while it is down, and works on after its restart, in the same process",
    { timeout: 60_000 },
    async () => {
      const server = await startPostgres();
      await using dir = await temporaryDir();
      await using service = await SharedService.ofTest(dir.path, server.url);
      const process = await service.start();
      await makeProject(process, "p1");
      await putFiles(process, "p1", 5);
      await server.kill();
      const down = await process.request("GET", "/v1/projects/p1");
      expect(down.status).toBe(503);
      expect(await down.json()).toMatchObject({
        code: "database-unavailable",
        databaseCode: "unreachable",
        effectUnknown: false,
      });
      const put = await process.request("PUT", "/v1/projects/p1/files/new", { body: "new" });
      expect(put.status).toBe(503);
      await server.start();
      const got = await process.request("GET", "/v1/projects/p1/files/dir/3.txt");
      expect(await got.text()).toBe("file 3 of p1");
      const deleted = await process.request("DELETE", "/v1/projects/p1");
      expect(deleted.status).toBe(200);
      expect(await deleted.json()).toMatchObject({ state: "completed" });
      await process.stop();
      await server.stop();
    },
  );
});

import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { once } from "node:events";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { postgresUrl } from "../servers/given.ts";
import { createDatabase, runSql } from "../servers/postgres.ts";
import { type ServiceProcess, temporaryDir } from "../support/service-process.ts";
import { SharedService } from "./on-postgres.ts";
import { filesBelow } from "./planting.ts";

const WAIT_MS = 60_000;
const ANNOUNCED_BYTES = 1024 * 1024;

/** Begins to upload a file and sends only its first bytes. */
function beginUpload(service: ServiceProcess, path: string): ClientRequest {
  const [, , , token = ""] = service.flags;
  const sending = request(`${service.url}${path}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${token}`, "content-length": ANNOUNCED_BYTES },
  });
  sending.write(Buffer.alloc(1000));
  return sending;
}

it("an upload that one process is receiving ends when another one deletes the project (R2)", async () => {
  await using dir = await temporaryDir();
  const database = await createDatabase(postgresUrl());
  const shared = await SharedService.ofTest(dir.path, database.url);
  const one = await shared.start();
  const other = await shared.start();
  const { uid } = await one.json("POST", "/v1/projects", { json: { id: "p1" }, status: 201 });
  await one.request("PUT", "/v1/projects/p1/files/a.txt", { body: "hello" });
  const sending = beginUpload(one, "/v1/projects/p1/files/slow.bin");
  const answered = once(sending, "response");
  const uploads = join(shared.objectsDir, ".expunge", "uploads");
  await expect
    .poll(async () => (await filesBelow(uploads).catch(() => [])).length)
    .toBeGreaterThan(0);
  const deletion = await other.json("DELETE", "/v1/projects/p1");
  expect(deletion).toMatchObject({ state: "completed" });
  const [response] = (await answered) as [IncomingMessage];
  expect(response.statusCode).toBe(409);
  expect(JSON.parse(await text(response))).toMatchObject({ code: "project-not-active" });
  sending.destroy();
  expect(await filesBelow(join(shared.objectsDir, "projects", String(uid)))).toEqual([]);
  await shared[Symbol.asyncDispose]();
  await database.drop();
}, 120_000);

it("a server's database that was put back from a backup deletes the project again (I11)", async () => {
  await using dir = await temporaryDir();
  const database = await createDatabase(postgresUrl());
  const name = new URL(database.url).pathname.slice(1);
  const shared = await SharedService.ofTest(dir.path, database.url);
  let service = await shared.start();
  const { uid } = await service.json("POST", "/v1/projects", { json: { id: "p1" }, status: 201 });
  await service.json("POST", "/v1/projects", { json: { id: "p10" }, status: 201 });
  for (const id of ["p1", "p10"]) {
    await service.request("PUT", `/v1/projects/${id}/files/a.txt`, { body: `hello ${id}` });
  }
  await service.stop();
  await runSql(postgresUrl(), `create database ${name}_backup template ${name}`);
  const objects = join(shared.objectsDir, "projects");
  const copies = join(dir.path, "copies");
  await cp(objects, copies, { recursive: true });
  service = await shared.start();
  const { receipt } = await service.json("DELETE", "/v1/projects/p1");
  const copied = join(shared.objectsDir, ".expunge", "receipts");
  await expect.poll(async () => (await filesBelow(copied).catch(() => [])).length).toBe(1);
  await service.stop();
  await runSql(
    postgresUrl(),
    `drop database ${name} with (force)`,
    `create database ${name} template ${name}_backup`,
  );
  await cp(copies, objects, { recursive: true });
  service = await shared.start();
  await expect
    .poll(async () => (await service.request("GET", "/v1/projects/p1")).status, {
      timeout: WAIT_MS,
    })
    .toBe(410);
  expect(await filesBelow(join(objects, String(uid)))).toEqual([]);
  const after = await service.json("GET", `/v1/receipts/${String(uid)}`);
  expect(after["receipt"]).toBe(receipt);
  expect(after["amendments"]).toHaveLength(1);
  const sibling = await service.request("GET", "/v1/projects/p10/files/a.txt");
  expect(await sibling.text()).toBe("hello p10");
  await shared[Symbol.asyncDispose]();
  await runSql(postgresUrl(), `drop database ${name}_backup with (force)`);
  await database.drop();
}, 120_000);

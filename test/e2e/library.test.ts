import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type Caller,
  createExpunge,
  type Expunge,
  isExpungeError,
  VERSION,
} from "../../src/index.ts";
import { temporaryDir } from "../support/service-process.ts";

const OWNER: Caller = { subject: "app", rights: new Set(["projects:write", "projects:read"]) };
const ADMIN: Caller = { subject: "admin", rights: new Set(["admin"]) };

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

async function putText({ files }: Expunge, projectId: string, path: string): Promise<void> {
  await files.put(OWNER, projectId, {
    path,
    body: bytes("hello"),
    sizeBytes: 5,
    contentType: "text/plain",
    metadata: {},
    checksums: {},
  });
}

describe("the library", () => {
  it(
    "stores and deletes in process, with the rights of each caller, and opens again after it was closed",
    { timeout: 300_000 },
    async () => {
      await using dir = await temporaryDir();
      const env = { EXPUNGE_DATA_DIR: join(dir.path, "data") };
      const open = (): Promise<Expunge> => createExpunge({ env, cwd: dir.path });
      let uid: string;
      {
        await using expunge = await open();
        const project = await expunge.projects.create(OWNER, { name: "mine" });
        uid = project.uid;
        await putText(expunge, project.id, "a.txt");
        const refused: unknown = await expunge.deletions
          .delete(OWNER, project.id)
          .catch((error: unknown) => error);
        expect(isExpungeError(refused, "forbidden")).toBe(true);
        const trashed = await expunge.deletions.delete(ADMIN, project.id, { graceMs: 60_000 });
        expect(trashed.state).toBe("trashed");
        const deletion = await expunge.deletions.delete(ADMIN, project.id, { graceMs: 0 });
        expect(deletion.state).toBe("completed");
        await expect(open()).rejects.toMatchObject({ code: "data-dir-locked" });
      }
      await using again = await open();
      const { payload } = await again.receipts.get(ADMIN, uid);
      expect(payload.totals).toEqual({ deleted: 1, absent: 0, bytes: 5 });
      const app = await again.app();
      const ready = await app.inject({ method: "GET", url: "/readyz" });
      expect(ready.statusCode).toBe(200);
      await app.close();
      await again.close();
    },
  );

  it("has the version of its package", async () => {
    const path = new URL("../../package.json", import.meta.url);
    const { version } = JSON.parse(await readFile(path, "utf8")) as { version: string };
    expect(VERSION).toBe(version);
  });
});

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Caller, createExpunge, isExpungeError, VERSION } from "../../src/index.ts";
import { temporaryDir } from "../support/service-process.ts";

const OWNER: Caller = { subject: "app", rights: new Set(["projects:write", "projects:read"]) };
const ADMIN: Caller = { subject: "admin", rights: new Set(["admin"]) };

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

describe("the library", () => {
  it(
    "stores and deletes in process, with the rights of each caller",
    { timeout: 60_000 },
    async () => {
      await using dir = await temporaryDir();
      const overrides = { EXPUNGE_DATA_DIR: join(dir.path, "data") };
      const expunge = await createExpunge({ env: {}, cwd: dir.path, overrides });
      try {
        await expunge.start();
        const { projects, files, deletions, receipts } = expunge.services;
        const project = await projects.create(OWNER, { name: "mine" });
        await files.put(OWNER, project.id, {
          path: "a.txt",
          body: bytes("hello"),
          sizeBytes: 5,
          contentType: "text/plain",
          metadata: {},
          checksums: {},
        });
        const refused: unknown = await deletions
          .request(OWNER, project.id, {})
          .catch((error: unknown) => error);
        expect(isExpungeError(refused, "forbidden")).toBe(true);
        const deletion = await deletions.wait(
          await deletions.request(ADMIN, project.id, {}),
          20_000,
        );
        expect(deletion.state).toBe("completed");
        const { payload } = await receipts.get(ADMIN, project.uid);
        expect(payload.totals).toEqual({ deleted: 1, absent: 0, bytes: 5 });
      } finally {
        await expunge.close();
      }
    },
  );

  it("has the version of its package", async () => {
    const path = new URL("../../package.json", import.meta.url);
    const { version } = JSON.parse(await readFile(path, "utf8")) as { version: string };
    expect(VERSION).toBe(version);
  });
});

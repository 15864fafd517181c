import { once } from "node:events";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { createApp } from "../../examples/express-app/app.ts";
import {
  type ObjectStore,
  openFileStore,
  openReceiptSigner,
  readReceipt,
  type Signer,
} from "../../src/index.ts";
import { withMethods } from "../support/methods.ts";
import { temporaryDir } from "../support/service-process.ts";

interface Subject extends AsyncDisposable {
  readonly url: string;
  readonly dir: string;
  readonly db: DatabaseSync;
  readonly signer: Signer;
  readonly files: () => Promise<readonly string[]>;
}

/** The example, listening; with a wrap for a store that fails. */
async function running(
  wrap: (store: ObjectStore) => ObjectStore = (store) => store,
): Promise<Subject> {
  const temporary = await temporaryDir();
  const dir = join(temporary.path, "files");
  await mkdir(dir);
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = String(privateKey.export({ format: "pem", type: "pkcs8" }));
  const signer = await openReceiptSigner(pem);
  const db = new DatabaseSync(":memory:");
  const app = createApp({ db, dir, store: wrap(await openFileStore(dir)), signer });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    dir,
    db,
    signer,
    files: async () => {
      const entries = await readdir(dir, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map(({ name }) => name)
        .sort();
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      db.close();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

async function call({ url }: Subject, method: string, path: string, body?: string) {
  const init = body === undefined ? { method } : { method, body };
  const response = await fetch(url + path, init);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function filled(subject: Subject): Promise<void> {
  for (const id of ["p1", "p10"]) {
    await call(subject, "POST", `/projects/${id}`);
    await call(subject, "PUT", `/projects/${id}/files/${id}.txt`, "hello");
    await mkdir(join(subject.dir, "exports"), { recursive: true });
    await writeFile(join(subject.dir, `exports/${id}.zip`), "zip");
    await writeFile(join(subject.dir, `media/${id}/stray-${id}`), "no row names it");
  }
}

describe("the Express application with its own table", () => {
  it("deletes a project's files, those that no row names too, and keeps a receipt that verifies", async () => {
    await using subject = await running();
    await filled(subject);
    const { status, body } = await call(subject, "DELETE", "/projects/p1");
    expect([status, body["state"]]).toEqual([200, "completed"]);
    expect(await subject.files()).toEqual(["p10.txt", "p10.zip", "stray-p10"]);
    const receipt = String(body["receipt"]);
    const payload = await readReceipt(receipt, [subject.signer.publicKey]);
    expect(payload).toMatchObject({ project: { id: "p1" }, totals: { deleted: 3, absent: 0 } });
    const rows = subject.db.prepare("select project from files").all();
    expect(rows.map(({ project }) => project)).toEqual(["p10"]);
    const again = await call(subject, "DELETE", "/projects/p1");
    expect([again.status, again.body["receipt"]]).toEqual([200, receipt]);
  });

  it("answers 409 with what remains, keeps its rows, and deletes it once the cause is gone", async () => {
    let isLocked = true;
    await using subject = await running((store) =>
      withMethods(store, {
        remove: async (keys, signal) => {
          const free = keys.filter((key) => !isLocked || !key.endsWith("p1.txt"));
          const answers = await store.remove(free, signal);
          const locked = keys
            .filter((key) => !free.includes(key))
            .map((key) => ({
              key,
              result: "blocked" as const,
              retryable: false,
              code: "object-locked" as const,
              message: "locked",
            }));
          return [...answers, ...locked];
        },
      }),
    );
    await filled(subject);
    const blocked = await call(subject, "DELETE", "/projects/p1");
    expect(blocked).toMatchObject({
      status: 409,
      body: {
        error: "deletion-blocked",
        residue: [{ key: "media/p1/p1.txt", code: "object-locked" }],
      },
    });
    const put = await call(subject, "PUT", "/projects/p1/files/new.txt", "late");
    expect(put.status).toBe(409);
    expect(subject.db.prepare("select 1 from files where project = 'p1'").all()).toHaveLength(1);
    isLocked = false;
    expect((await call(subject, "DELETE", "/projects/p1")).status).toBe(200);
    expect(await subject.files()).toEqual(["p10.txt", "p10.zip", "stray-p10"]);
  });

  it("waits for a writer that is at work before it deletes", async () => {
    await using subject = await running();
    await filled(subject);
    const slow = request(`${subject.url}/projects/p1/files/slow.bin`, { method: "PUT" });
    slow.write("the first half");
    while (!(await subject.files()).includes("slow.bin")) await new Promise(setImmediate);
    const deletion = call(subject, "DELETE", "/projects/p1");
    while (subject.db.prepare("select 1 from projects where closing = 1").get() === undefined) {
      await new Promise(setImmediate);
    }
    slow.end("the second half");
    expect((await deletion).status).toBe(200);
    expect(await subject.files()).toEqual(["p10.txt", "p10.zip", "stray-p10"]);
  });
});

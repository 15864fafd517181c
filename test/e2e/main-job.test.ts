import { execFile } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli, ServiceProcess, temporaryDir } from "../support/service-process.ts";
import { filesBelow, plant, putFiles } from "./planting.ts";

const FILES = 5000;
const SIBLING_FILES = 20;
const STRAYS = 300;

describe("the main job, with real processes on a real directory", () => {
  let dir: Awaited<ReturnType<typeof temporaryDir>>;
  let service: ServiceProcess;
  let objectsDir: string;
  let uid: string;
  let siblingUid: string;

  beforeAll(async () => {
    dir = await temporaryDir();
    service = await ServiceProcess.start(join(dir.path, "data"));
    objectsDir = join(dir.path, "data", "objects");
    const made = await service.json("POST", "/v1/projects", { json: { id: "p1" }, status: 201 });
    uid = String(made["uid"]);
    const sibling = await service.json("POST", "/v1/projects", {
      json: { id: "p10" },
      status: 201,
    });
    siblingUid = String(sibling["uid"]);
    await putFiles(service, "p1", FILES);
    await putFiles(service, "p10", SIBLING_FILES);
    await plant(objectsDir, `projects/${uid}/left`, STRAYS);
  }, 400_000);

  afterAll(async () => {
    await service.stop();
    await dir[Symbol.asyncDispose]();
  });

  it(
    `deletes a project of ${FILES} files and answers only when a listing shows nothing`,
    { timeout: 120_000 },
    async () => {
      const before = await filesBelow(join(objectsDir, "projects", uid));
      expect(before).toHaveLength(FILES + STRAYS);
      const response = await service.request("DELETE", "/v1/projects/p1");
      const left = await filesBelow(join(objectsDir, "projects", uid));
      expect(response.status).toBe(200);
      expect(left).toEqual([]);
      const deletion = (await response.json()) as Record<string, unknown>;
      expect(deletion).toMatchObject({
        state: "completed",
        residueTotal: 0,
        surfaces: expect.arrayContaining([
          expect.objectContaining({ surface: "tracked", found: FILES, deleted: FILES }),
          expect.objectContaining({ surface: "canonical", found: STRAYS, deleted: STRAYS }),
        ]) as unknown,
      });
      expect(await filesBelow(join(objectsDir, "projects", siblingUid))).toHaveLength(
        SIBLING_FILES,
      );
      for (let i = 0; i < SIBLING_FILES; i++) {
        const file = await service.request("GET", `/v1/projects/p10/files/dir/${i}.txt`);
        expect(await file.text()).toBe(`file ${i} of p10`);
      }
      const gone = await service.json("GET", "/v1/projects/p1", { status: 410 });
      expect(gone).toMatchObject({ code: "project-deleted" });
      const clean = await service.json("GET", "/v1/debug/verify-cleanup/p1");
      expect(clean).toMatchObject({ isClean: true });
    },
  );

  it("gives a receipt that the command line verifies, and refuses with one byte flipped", async () => {
    const { receipt } = await service.json("GET", `/v1/receipts/${uid}`);
    const path = join(dir.path, "receipt.jws");
    await writeFile(path, String(receipt));
    const dataDir = { EXPUNGE_DATA_DIR: join(dir.path, "data") };
    const valid = await runCli(["receipt", "verify", path], { env: dataDir });
    expect(valid.code, valid.stderr).toBe(0);
    const [header = "", payload = "", signature = ""] = String(receipt).split(".");
    const bytes = Buffer.from(payload, "base64url");
    const at = bytes.indexOf(`"deleted":${FILES}`) + '"deleted":'.length;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(path, [header, bytes.toString("base64url"), signature].join("."));
    const flipped = await runCli(["receipt", "verify", path], { env: dataDir });
    expect(flipped.code).toBe(4);
    expect(flipped.stderr).toContain("invalid-receipt");
  });

  it("gives a receipt that OpenSSL and a JOSE library verify without expunge", async () => {
    const { receipt } = await service.json("GET", `/v1/receipts/${uid}`);
    const jwks = (await service.json("GET", "/.well-known/jwks.json")) as unknown as JSONWebKeySet;
    const jws = String(receipt);
    const { payload } = await compactVerify(jws, createLocalJWKSet(jwks));
    expect(JSON.parse(new TextDecoder().decode(payload))).toMatchObject({
      project: { id: "p1", uid },
      totals: { deleted: FILES + STRAYS, absent: 0 },
      merkle: { leaves: FILES + STRAYS },
    });
    const [header = "", body = "", signature = ""] = jws.split(".");
    const { kid } = JSON.parse(Buffer.from(header, "base64url").toString()) as { kid: string };
    const key = jwks.keys.find((each) => each.kid === kid) ?? {};
    const pem = createPublicKey({ key, format: "jwk" }).export({ format: "pem", type: "spki" });
    const file = (name: string): string => join(dir.path, name);
    await writeFile(file("key.pem"), pem);
    await writeFile(file("signed.bin"), `${header}.${body}`);
    await writeFile(file("signature.bin"), Buffer.from(signature, "base64url"));
    const verify = promisify(execFile)("openssl", [
      "pkeyutl",
      "-verify",
      "-pubin",
      "-rawin",
      "-inkey",
      file("key.pem"),
      "-in",
      file("signed.bin"),
      "-sigfile",
      file("signature.bin"),
    ]);
    expect((await verify).stdout).toContain("Signature Verified Successfully");
    const copy = join(objectsDir, ".expunge", "receipts", `${uid}.jws`);
    await expect.poll(async () => await readFile(copy, "utf8")).toBe(jws);
  });
});
